package sources

import (
	"reflect"
	"testing"
)

func TestPHP(t *testing.T) {
	for _, tt := range []struct {
		text string
		want any
	}{
		{`N;`, nil},
		{`b:1;`, true},
		{`b:0;`, false},
		{`i:-7;`, -7.0},
		{`d:0.5;`, 0.5},
		{`s:5:"a";b;";`, `a";b;`},
		{`s:2:"é";`, "é"},
		{`a:0:{}`, map[string]any{}},
		{`a:2:{s:6:"quizid";i:3;i:0;a:1:{s:1:"a";s:1:"b";}}`, map[string]any{"quizid": 3.0, "0": map[string]any{"a": "b"}}},
	} {
		if got, ok := parsePHP(tt.text); !ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s is %v, %v; it should be %v", tt.text, got, ok, tt.want)
		}
	}
	for _, text := range []string{"", "x", "i:1", "i:;", "i:x;", "d:INF;", "d:NAN;", `s:9:"a";`, `s:-1:"a";`, `s:1:"ab";`, `a:1:{i:0;}`, `a:9999999999:{}`, `a:1:{b:1;i:1;}`, `O:8:"stdClass":0:{}`, "N;N;"} {
		if got, ok := parsePHP(text); ok {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func FuzzPHP(f *testing.F) {
	f.Add(`a:2:{s:6:"quizid";i:3;i:0;a:1:{s:1:"a";s:1:"b";}}`)
	f.Add(`s:1:"a";`)
	f.Fuzz(func(t *testing.T, text string) {
		if value, ok := parsePHP(text); !ok && value != nil && text == "" {
			t.Errorf("%q is %v", text, value)
		}
	})
}
