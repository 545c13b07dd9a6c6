package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// Links come back as they were, in their order, whatever their texts are.
func TestLinksArePacked(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	texts := []string{"", "=", "a", "é", "crs_1", "crs_10", "video_id=", "lesson_id=les_1", strings.Repeat("x", 300), "\x00", "\xff"}
	for range 300 {
		var want engine.Links
		for range random.IntN(40) {
			key := texts[random.IntN(len(texts))] + "=" + texts[random.IntN(len(texts))]
			if random.IntN(8) == 0 {
				key = texts[random.IntN(len(texts))]
			}
			want = append(want, engine.Link{Key: key, Course: texts[random.IntN(len(texts))]})
		}
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got engine.Links
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v is written as %s: %v", want, raw, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	}
}

// A standing that an older version wrote has its links as objects.
func TestLinksOfOldStandings(t *testing.T) {
	const old = `{"v":1,"first_seen_at":"2026-03-02T10:00:00Z","links":[{"k":"lesson_id=l1","c":"go"},{"k":"video_id=v1","c":"go"},{"k":"lesson_id=l1","c":"sql"}]}`
	want := engine.Links{{Key: "lesson_id=l1", Course: "go"}, {Key: "video_id=v1", Course: "go"}, {Key: "lesson_id=l1", Course: "sql"}}
	var standing engine.Standing
	if err := json.Unmarshal([]byte(old), &standing); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, standing.Links); diff != "" {
		t.Fatalf("an old standing (-want +got):\n%s", diff)
	}
	raw, err := json.Marshal(standing)
	if err != nil {
		t.Fatal(err)
	}
	var again engine.Standing
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(standing, again); diff != "" {
		t.Errorf("written anew as %s (-old +new):\n%s", raw, diff)
	}
}

// Three hundred links of lessons and their videos take less than a quarter of what they took as objects.
func TestLinksAreSmall(t *testing.T) {
	var links engine.Links
	for i := range 150 {
		course := fmt.Sprintf("course-v1:Example+GO%d+2026", i/50)
		links = append(links, engine.Link{Key: fmt.Sprintf("lesson_id=lesson-%d", i), Course: course}, engine.Link{Key: fmt.Sprintf("video_id=video-%d", i), Course: course})
	}
	packed, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := json.Marshal([]engine.Link(links))
	if err != nil {
		t.Fatal(err)
	}
	if 4*len(packed) > len(objects) {
		t.Errorf("packed they take %d bytes, as objects %d", len(packed), len(objects))
	}
}

func TestDamagedLinks(t *testing.T) {
	for _, packed := range []string{
		"\x00", "\x00\x05go", "\x00\x02go", "\x01", "\x00\x02go\x02", "\x00\x02go\x00\x03id=", "\x00\x02go\x00\x03id=\x01\x00",
		"\x00\x02go\x00\x03id=\x00\x05l1", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
	} {
		var links engine.Links
		if err := json.Unmarshal([]byte(`"`+base64.StdEncoding.EncodeToString([]byte(packed))+`"`), &links); err == nil {
			t.Errorf("%q was read as %v", packed, links)
		}
	}
	for _, raw := range []string{`{}`, `"?"`, `7`, `[7]`} {
		var links engine.Links
		if err := json.Unmarshal([]byte(raw), &links); err == nil {
			t.Errorf("%s was read as %v", raw, links)
		}
	}
}

func FuzzLinks(f *testing.F) {
	f.Add([]byte("\x00\x02go\x00\x0alesson_id=\x00\x02l1\x01\x01\x01\x012"))
	f.Fuzz(func(t *testing.T, packed []byte) {
		raw, err := json.Marshal(packed)
		if err != nil {
			t.Fatal(err)
		}
		var links engine.Links
		if json.Unmarshal(raw, &links) != nil {
			return
		}
		again, err := json.Marshal(links)
		if err != nil {
			t.Fatal(err)
		}
		var same engine.Links
		if err := json.Unmarshal(again, &same); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(links, same); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}
