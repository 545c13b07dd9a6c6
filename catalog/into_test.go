package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
)

// Whatever was read before, a body is read as if it were the first: nothing of the last one is left.
func TestDecodeInto(t *testing.T) {
	c := builtin(t)
	many := `{"id":"e4","event":"lesson.completed","learner_id":"u_1","properties":{"lesson_id":"l1",` +
		`"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}}`
	bodies := []string{
		gradedBody,
		`{"id":"e2","event":"lesson.completed","learner_id":"u_1","properties":{"lesson_id":"l1","note":null}}`,
		`{"id":"e3","event":"lesson.completed","learner_id":"u_1","properties":{}}`,
		many,
		`{"id":"e5","event":"user.signed_up","learner_id":"u_1"}`,
		`{"id":"e6","event":"lesson.completed","learner_id":"u_1","properties":{"lesson_id":"l1","x":{"y":[1]}},"properties":{"lesson_id":"l2"}}`,
		`{"id":"e7","event":"profile.updated","learner_id":"u_1","properties":{"first_name":"Ada"},"traits":{"locale":"en"}}`,
		`{"id":"e8","event":"lesson.completed","learner_id":"u_1","properties":{"lesson_id":"l1","note":"say \"hi\""}}`,
		`{"id":"e9","event":"lesson.completed","properties":{"lesson_id":"l1"}}`,
		`{"specversion":"1.0","id":"e10","type":"lesson.completed","subject":"u_1","data":{"lesson_id":"l1","traits":{"locale":"en"}}}`,
		`{"id":"e11","event":"lesson.completed","learner_id":"u_1","properties":{"lesson_id":""}}`,
		`{"id":"e12","event":"lesson.completed","learner_id":"u_1","properties":{"lesson_id":"l1"`,
	}
	var d catalog.Decoded
	for range 2 { // the second time every text is known
		for _, body := range bodies {
			for range 2 {
				want, wantErr := c.Decode("", "", []byte(body), received)
				err := c.DecodeInto(&d, "", "", []byte(body), received)
				if diff := cmp.Diff(want, d); diff != "" {
					t.Errorf("%s (-Decode +DecodeInto):\n%s", body, diff)
				}
				if diff := cmp.Diff(wantErr, err); diff != "" {
					t.Errorf("%s (-Decode +DecodeInto):\n%s", body, diff)
				}
			}
		}
	}
}

// A body's texts are its reader's own: whoever writes over it changes nothing.
func TestTextsOutliveTheirBody(t *testing.T) {
	c := builtin(t)
	body := []byte(gradedBody)
	d, err := c.Decode("", "", body, received)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := c.Decode("", "", []byte(gradedBody), received)
	for i := range body {
		body[i] = 'x'
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("after writing over the body (-want +got):\n%s", diff)
	}
}
