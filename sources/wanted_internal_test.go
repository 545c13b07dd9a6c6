package sources

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
)

// readsEverything is a set for which bodies are read as a whole.
type readsEverything struct{ *Set }

func (readsEverything) Wanted() *catalog.Wanted { return nil }

// ownSources read parts of bodies in ways that no shipped source does, each by itself: one that needs everything would hide what another needs.
var ownSources = []string{
	`  rare:
    recognise: '"rare" in body && (body["kind"] in ["a", "b"] || "c" in body.kinds || body.kinds[0] == body.other)'
    reshape: 'has(body.inner) ? {"kind": body.inner.kind, "rest": body, "more": {"x": body.inner, "y": [body.other]}} : json(body.text)'
    event: '[body.kind, body.?more.?y[?0].orValue("none")]'
    id: string(body.rest.id)
    learner: body.rest[?"users"][?0].?id.orValue(body.rest.user)
    time: body.rest.at
    events:
      a:
        as: lesson.completed
        properties: {lesson_id: body.more.x.lesson, course_id: 'size(body.rest.list) > 1 ? "many" : string(size(body.more.x))'}
        traits: {plan: body.more.y, first_name: 'body.more.x == {"kind": "a", "lesson": "l"} ? "same" : body.more.x.?name.value()'}
      b:
        as: lesson.completed
        properties: '{"lesson_id": "l", "more": body.more.y}'
      d:
        - as: lesson.completed
          if: 'type(body.more) == map && body.?more.?x.hasValue() && !(body.more.x == null)'
          properties: {lesson_id: 'body.?more.optMap(m, m.x.lesson).orValue("l")'}
`,
	`  equal:
    recognise: has(body.rare) && body.kinds[0] == body.other
    event: body.inner.kind
    taxonomy: true
    learner: body.user
    id: body.id
    traits: {plan: '{"b": body.?deep.optMap(d, d.x).orValue(1)}'}
    events: {b: {as: lesson.completed, properties: {lesson_id: 'body.inner.lesson in body.lessons ? "l" : "other"'}}}
`,
	`  all:
    recognise: has(body.everything)
    event: body.kind
    taxonomy: true
    learner: 'body.users[0].id'
    id: 'body.id'
    properties: 'body.everything == true ? body : body.everything'
    traits: json(body.traits)
`,
	`  written:
    recognise: has(body.map)
    event: body.map.name
    taxonomy: true
    learner: body.map.user
    id: body.map.id
    traits: {plan: '{"a": body.extra}'}
`,
	`  listed:
    recognise: has(body.events)
    items: body.events
    event: body.name.last
    learner: headers["x-user"]
    taxonomy: true
`,
}

var ownBodies = []string{
	`{"rare":1,"kind":"a","inner":{"kind":"a","lesson":"l"},"id":7,"user":"u","at":"2026-03-02T10:00:00Z","list":[1,{"a":2}],"other":{"x":[1]},"lessons":["l"]}`,
	`{"rare":null,"kinds":["c",{"c":1}],"inner":{"kind":"b","lesson":{"x":1}},"other":"c","id":7,"users":[{"id":"u","name":"n"},{"id":{}}],"at":"2026-03-02T10:00:00Z"}`,
	`{"rare":{},"kinds":[{"z":1}],"other":{"z":1},"text":"{\"kind\":\"a\",\"rest\":{\"id\":1,\"user\":\"u\",\"at\":\"2026-03-02T10:00:00Z\",\"list\":[]},\"more\":{\"x\":{\"lesson\":\"l\",\"name\":\"n\"},\"y\":[1]}}"}`,
	`{"rare":{},"kinds":[{"z":1}],"other":{"z":1},"inner":{"kind":"b","lesson":{"l":1}},"lessons":[{"l":1}],"deep":{"x":{"q":2}},"id":7,"user":"u","at":"2026-03-02T10:00:00Z"}`,
	`{"rare":1,"kind":"b","inner":{"kind":"d","lesson":"l","deep":{"deeper":[{}]}},"id":8,"user":"u","at":"2026-03-02T10:00:00Z","other":null}`,
	`{"everything":true,"kind":"Lesson Completed","id":"e","users":[{"id":"u"}],"lesson_id":"l","at":null,"traits":{"plan":{"name":"pro"}}}`,
	`{"everything":{"lesson_id":"l","tags":["a",{"b":"c"}]},"kind":"lesson.completed","id":"e","users":[{"id":5}],"traits":"{\"plan\":1}"}`,
	`{"map":{"name":"user.signed_up","user":"u","id":"e"},"extra":{"p":1}}`,
	`{"events":[{"name":{"last":"lesson.completed","first":1},"other":2}],"more":[{"x":{}}]}`,
	`{"id":"e","event":"lesson.completed","learner_id":"u","properties":{"lesson_id":"l"},"odd":{"a":[1]}}`,
	`{"type":"track","id":"e","learner_id":"u","event":"lesson.completed","odd":1}`,
	`{"specversion":"1.0","id":"e1","source":"/lms","type":"lesson.completed","subject":"u1","data":{"lesson_id":"l1","more":{"a":[{}]}}}`,
}

// bodiesToRead returns the bodies of all fixtures, and those of our own sources.
func bodiesToRead(tb testing.TB) [][]byte {
	tb.Helper()
	var bodies [][]byte
	for _, body := range fixtureBodies(tb) {
		text, err := json.Marshal(body)
		if err != nil {
			tb.Fatal(err)
		}
		bodies = append(bodies, text)
	}
	for _, body := range ownBodies {
		bodies = append(bodies, []byte(body))
	}
	return bodies
}

// comparison reads bodies by what a set wants of them, and as a whole.
type comparison struct {
	name         string
	parts, whole *catalog.Catalog
}

// comparisons are those of our own sources, and of the shipped ones.
func comparisons(tb testing.TB) []comparison {
	tb.Helper()
	known, err := catalog.Default()
	if err != nil {
		tb.Fatal(err)
	}
	all, err := Shipped(known)
	if err != nil {
		tb.Fatal(err)
	}
	list := []comparison{{"shipped", known.WithTranslator(all), known.WithTranslator(readsEverything{all})}}
	for _, text := range ownSources {
		own, problems := Compile("s.yaml", []byte("sources:\n"+text), known)
		if err := problems.Err(); err != nil {
			tb.Fatal(err)
		}
		list = append(list, comparison{"own", known.WithTranslator(own), known.WithTranslator(readsEverything{own})})
	}
	return list
}

// hold reads a body in both ways, with headers and without, and reports whether it was an event in some.
func (c *comparison) hold(t *testing.T, body []byte) (accepted bool) {
	t.Helper()
	received := time.Date(2026, 3, 2, 10, 0, 5, 0, time.UTC)
	for _, header := range []map[string][]string{
		nil,
		{"X-User": {"u"}},
		{"Learning-Source": {"segment"}},
		{"Content-Type": {"application/cloudevents+json"}},
	} {
		got, problem := c.parts.DecodeMessage("", "", header, body, received)
		want, wanted := c.whole.DecodeMessage("", "", header, body, received)
		if diff := cmp.Diff(want, got) + cmp.Diff(wanted, problem); diff != "" {
			t.Fatalf("%s: of %q with %v (-whole +parts)\n%s", c.name, body, header, diff)
		}
		accepted = accepted || problem == nil
	}
	return accepted
}

// A body of which only what some expression can reach is read becomes the same event, or is refused for the same reason, as one that is read as a whole: the
// fixtures of all formats, whole and with parts of them missing, null or of another type.
func TestPartsAreEnough(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	bodies := 8 // of each line: itself, and damaged ones
	if testing.Short() {
		bodies = 2
	}
	accepted := map[string]int{}
	all := comparisons(t)
	for _, line := range bodiesToRead(t) {
		for _, c := range all {
			for n := range bodies {
				body := line
				if n > 0 {
					body = damageBody(t, random, line)
				}
				if c.hold(t, body) {
					accepted[c.name]++
				}
			}
		}
	}
	for name, least := range map[string]int{"shipped": 130, "own": 10} {
		if accepted[name] < least*bodies/8 {
			t.Errorf("%d bodies were events with the %s sources", accepted[name], name)
		}
	}
}

// damageBody returns a body of which some parts are missing, null or of another type.
func damageBody(t *testing.T, random *rand.Rand, body []byte) []byte {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	damaged, err := json.Marshal(damageValue(random, value))
	if err != nil {
		t.Fatal(err)
	}
	return damaged
}

// FuzzParts reads any body by its parts and as a whole.
func FuzzParts(f *testing.F) {
	for _, line := range bodiesToRead(f) {
		f.Add(line)
	}
	f.Add([]byte(`{"type":"track","skipped":{"deep":[1e999]},"messageId":"\ud800"}`))
	all := comparisons(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range all {
			c.hold(t, body)
		}
	})
}

// What tells who somebody is, which event it is or when it was is not remembered; what names an event or what is learnt is.
func TestWhatIsRemembered(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	own, problems := Compile("s.yaml", []byte(`sources:
  own:
    recognise: has(body.kind)
    reshape: '{"kind": body.kind, "inner": body.data, "who": body.people[0]}'
    items: body.list
    event: body.kind
    taxonomy: true
    learner: body.who.id
    properties: body.inner
    traits: {first_name: 'lower(body.inner.user.name)'}
`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  *Set
		path []string
		want bool // it is remembered
	}{
		{shipped, []string{"verb", "id"}, true},
		{shipped, []string{"action"}, true},
		{shipped, []string{"object", "definition", "type"}, true},
		{shipped, []string{"group", "id"}, true},
		{shipped, []string{"id"}, false},
		{shipped, []string{"timestamp"}, false},
		{shipped, []string{"eventTime"}, false},
		{shipped, []string{"actor"}, false},
		{shipped, []string{"actor", "id"}, false},
		{shipped, []string{"actor", "mbox"}, false},
		{shipped, []string{"actor", "account", "name"}, false},
		{shipped, []string{"object", "assignee", "id"}, false},
		{shipped, []string{"traits"}, false},
		{shipped, []string{"userId"}, false},
		{shipped, []string{"data", "actor", "id"}, false},
		{shipped, []string{"data", "group", "id"}, true},
		{own, []string{"data"}, false},
		{own, []string{"people"}, false},
		{own, []string{"list", "people"}, false},
	} {
		wanted := c.set.Wanted()
		for _, name := range c.path {
			if wanted = wanted.Members[name]; wanted == nil {
				t.Fatalf("%v is not wanted", c.path)
			}
		}
		if wanted.Unique == c.want {
			t.Errorf("%v is remembered: %v, want %v", c.path, !wanted.Unique, c.want)
		}
	}
}
