package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsPlain(t *testing.T) {
	for _, tc := range []struct {
		name  string
		body  string
		plain bool
	}{
		{"a body", `{"id":"e1","time":"2026-03-02T10:00:00Z","properties":{"course_id":"crs_go","score_pct":82.5,"passed":true}}`, true},
		{"with space", " {\n\t\"id\" : \"e1\" ,\r\n \"properties\" : { } } ", true},
		{"arrays, null, numbers", `{"a":[],"b":[1,-0,2.5e3,null,false,["x"]],"c":{}}`, true},
		{"other scripts", `{"first_name":"Zoë","city":"東京"}`, true},
		{"a key twice", `{"a":1,"a":2}`, true},
		{"as deep as may be", `{"a":{"b":{"c":{"d":{"e":{"f":{"g":[1]}}}}}}}`, true},
		{"too deep", `{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":[1]}}}}}}}}`, false},
		{"an escape", `{"a":"say \"hi\""}`, true},
		{"every short escape", `{"a":"\"\\\/\b\f\n\r\t"}`, true},
		{"as json.dumps writes it", `{"first_name":"Zo\u00eb","city":"\u6771\u4eac","mood":"\ud83d\ude00!"}`, true},
		{"half a pair", `{"a":"\ud83d","b":"\ude00","c":"\ud83d\u0041","d":"\ud83dx","e":"\ud83d\n"}`, true},
		{"a key with an escape", `{"\u0061\t":"\u0062","properties":{"c\/d":"e"}}`, true},
		{"an escape that JSON does not know", `{"a":"\x41"}`, false},
		{"an escape with a sign", `{"a":"\u+041"}`, false},
		{"an escape cut short", `{"a":"\u004"}`, false},
		{"half an escape at the end", `{"a":"\`, false},
		{"half a code unit at the end", `{"a":"\u00`, false},
		{"a line break after an escape", "{\"a\":\"\\t\n\"}", false},
		{"an end after an escape", `{"a":"\t`, false},
		{"a line break in a text", "{\"a\":\"x\ny\"}", false},
		{"not UTF-8", "{\"a\":\"\xff\"}", false},
		{"not an object", `[1]`, false},
		{"a number too large", `{"a":1e999}`, false},
		{"a number that JSON does not know", `{"a":0x1p4}`, false},
		{"a leading zero", `{"a":01}`, false},
		{"a comma too many", `{"a":1,}`, false},
		{"something after it", `{"a":1} x`, false},
		{"nothing", ``, false},
		{"cut short", `{"a":`, false},
		{"large", `{"a":"` + strings.Repeat("x", MaxBody) + `"}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, ok := plainObject([]byte(tc.body), MaxNesting, nil); ok != tc.plain {
				t.Errorf("plain: %v, want %v", ok, tc.plain)
			}
			agrees(t, []byte(tc.body), newTexts())
		})
	}
}

// agrees checks that what is read in one pass is what encoding/json reads.
func agrees(t *testing.T, body []byte, known *texts) {
	t.Helper()
	got, ok := plainObject(body, MaxNesting, newTexts())
	if !ok {
		return
	}
	if n := countNesting(body); n > MaxNesting {
		t.Fatalf("%q nests %d deep and was read", body, n)
	}
	var want any
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatalf("%q was read, but %v", body, err)
	}
	if diff := cmp.Diff(want, any(got)); diff != "" {
		t.Fatalf("%q (-encoding/json +plain):\n%s", body, diff)
	}
	if formatByBody(got) != (nativeBody{}) {
		if _, ok := plainFields(body, known, nil); ok {
			t.Fatalf("%q was read as a native body", body)
		}
	}
	if f, ok := plainFields(body, known, nil); ok {
		want, err := nativeBody{}.readFields(nil, &message{raw: body, body: got})
		if err != nil {
			t.Fatal(err)
		}
		if f.timeText != nil {
			f.time.text = string(f.timeText)
			f.timeText = nil
		}
		if diff := cmp.Diff(want, f, cmp.AllowUnexported(bodyFields{}, textField{}, words{})); diff != "" {
			t.Fatalf("%q (-from the object +plain):\n%s", body, diff)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, body := range []string{
		`{"id":"e1","properties":{"a":[1,2.5e-3,-0,null,true,false,{"b":"c"}]},"traits":{}}`, `{"a":"b\u0041"}`, `{"\ud83d\ude00":"\ud83d\u0041\"\/"}`, `{"":{}}`, " { } ", `{"a":1E+2}`, `{"a":1}{`,
		`{"id":"e1","event":"x","event":null,"learner_id":"u","time":"t","properties":{"a":1},"traits":{"b":null},"type":"y"}`,
	} {
		f.Add([]byte(body))
	}
	known := newTexts()
	f.Fuzz(func(t *testing.T, body []byte) { agrees(t, body, known) })
}
