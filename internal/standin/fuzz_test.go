package standin

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Whatever is posted is judged, and what is taken can be shown, read and reported.
func FuzzMailSend(f *testing.F) {
	f.Add(goodMail)
	f.Add(`{"personalizations":[{"to":[{"email":"a@b.example"}],"custom_args":{"a":1}},null],"from":null,"content":[{"type":"text/html","value":"<a href=x>"}]}`)
	f.Add(`{"personalizations":{},"custom_args":"x","headers":{"":"\r\n"},"reply_to":{},"send_at":1e99}`)
	f.Fuzz(func(t *testing.T, body string) {
		request, errs := parseRequest([]byte(body), time.Unix(0, 0))
		if len(errs) > 0 {
			for _, e := range errs {
				if e.Message == "" {
					t.Errorf("a refusal without words: %+v", errs)
				}
			}
			return
		}
		for _, m := range request.toMessages("id") {
			for _, link := range linksOf(m) {
				if !strings.HasPrefix(link, "http") {
					t.Errorf("a link to %q", link)
				}
			}
			_ = m.UnsubscribeURL()
			_ = snippetOf(m)
			_ = headerFields(m)
			if e := (Event{Kind: Bounce}).withDefaults(m, time.Unix(0, 0)); !json.Valid(e.webhookJSON(m)) {
				t.Errorf("not JSON: %s", e.webhookJSON(m))
			}
			Readers{Prefetch: 1, Open: 1, Click: 1, Unsubscribe: 1}.planActs(m)
		}
	})
}
