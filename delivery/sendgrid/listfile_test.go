package sendgrid_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
	"homeroom/profile"
)

func TestReadListFile(t *testing.T) {
	at := time.Unix(1443651141, 0).UTC()
	for _, c := range []struct {
		name string
		file string
		list sendgrid.List
		want []delivery.Listed // those without a problem
		bad  int
		err  string
	}{
		{"bounces as CSV", "status,reason,email,created\n5.1.1,\"550 no, such\",a@x.org,1443651141\n", sendgrid.ListBounces, []delivery.Listed{{Email: "a@x.org", At: at, Reason: profile.ReasonBounced}}, 0, ""},
		{"with a byte order mark and Windows lines", "\ufeffEmail,Created At\r\na@x.org,2015-09-30T22:12:21Z\r\n", sendgrid.ListSpamReports, []delivery.Listed{{Email: "a@x.org", At: at, Reason: profile.ReasonComplained}}, 0, ""},
		{"unsubscribes as JSON", ` [{"created":1443651141,"email":"a@x.org"}]`, sendgrid.ListUnsubscribes, []delivery.Listed{{Email: "a@x.org", At: at, Reason: profile.ReasonUnsubscribed}}, 0, ""},
		{"blocks", `[{"created":1443651141,"email":"a@x.org","reason":"452"}]`, sendgrid.ListBlocks, []delivery.Listed{{Email: "a@x.org", At: at, SoftBounce: true}}, 0, ""},
		{"groups with and without a topic", `[{"email":"a@x.org","group_id":7,"group_name":"News","created_at":1443651141},{"email":"b@x.org","group_id":8}]`, sendgrid.ListGroups, []delivery.Listed{{Email: "a@x.org", At: at, Topic: "offers"}}, 1, ""},
		{"each says its list", "list,email,created\nbounces,a@x.org,1443651141\nwhatever,b@x.org,1\n", "", []delivery.Listed{{Email: "a@x.org", At: at, Reason: profile.ReasonBounced}}, 1, ""},
		{"no time, and one in the future", "email,created\na@x.org,\nb@x.org,4000000000\n", sendgrid.ListInvalid, []delivery.Listed{{Email: "a@x.org", At: now, Reason: profile.ReasonBounced}, {Email: "b@x.org", At: now, Reason: profile.ReasonBounced}}, 0, ""},
		{"an odd time", "email,created\na@x.org,soon\n", sendgrid.ListBounces, nil, 1, ""},
		{"a short line", "created,email\n1443651141\n", sendgrid.ListBounces, []delivery.Listed{{At: at, Reason: profile.ReasonBounced}}, 0, ""},
		{"no header", "a@x.org,1443651141\n", sendgrid.ListBounces, nil, 0, "no column is called email"},
		{"empty", " \n", sendgrid.ListBounces, nil, 0, "is empty"},
		{"cut", `[{"email":"a@x.org"}`, sendgrid.ListBounces, []delivery.Listed{{Email: "a@x.org", At: now, Reason: profile.ReasonBounced}}, 0, "is cut"},
		{"not objects", `["a@x.org"]`, sendgrid.ListBounces, nil, 0, "no JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []delivery.Listed
			bad := 0
			o := sendgrid.ListFileOptions{List: c.list, Topics: map[string]string{"News": "offers"}, Now: now}
			err := sendgrid.ReadListFile(strings.NewReader(c.file), o, func(row sendgrid.ListRow) error {
				if row.Problem == "" {
					got = append(got, row.Listed)
				} else {
					bad++
				}
				if strings.Contains(row.Problem, "@") {
					t.Errorf("an address in %q", row.Problem)
				}
				return nil
			})
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if bad != c.bad || len(got) != len(c.want) {
				t.Fatalf("got %+v and %d bad ones, want %+v and %d", got, bad, c.want, c.bad)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("got %+v, want %+v", got[i], c.want[i])
				}
			}
		})
	}
}

// TestApostrophesOfSpreadsheets: an address that an export kept from being a formula is read as it was.
func TestApostrophesOfSpreadsheets(t *testing.T) {
	var got []string
	err := sendgrid.ReadListFile(strings.NewReader("list,email\nbounces,'=a@x.example\nbounces,'+b@x.example\nbounces,o'c@x.example\nbounces,'d@x.example\n"), sendgrid.ListFileOptions{}, func(row sendgrid.ListRow) error {
		got = append(got, row.Listed.Email)
		return nil
	})
	if want := "=a@x.example +b@x.example o'c@x.example 'd@x.example"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v", got, err)
	}
}
