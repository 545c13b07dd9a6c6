package guard_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"homeroom/internal/guard"
)

// wrapped hides the server's own writer, as whoever measures answers does.
type wrapped struct{ http.ResponseWriter }

func serve(t *testing.T, handler http.HandlerFunc, o guard.Options) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	guarded := guard.Requests(handler, o)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { guarded.ServeHTTP(wrapped{w}, r) })
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// TestAFaultEndsOneRequest: it is reported and answered with 500, as the server's answers look if that can be done; what has begun is cut off.
func TestAFaultEndsOneRequest(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a page", http.StatusInternalServerError) }
	faulty := func(http.ResponseWriter, *http.Request) { panic("another fault") }
	half := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic("another fault")
	}
	cases := []struct {
		name    string
		path    string
		answer  func(http.ResponseWriter, *http.Request)
		status  int // 0: the connection is closed
		says    string
		reports int
	}{
		{"nothing is wrong", "/fine", page, 200, "fine", 0},
		{"a fault", "/fault", page, 500, "a page", 1},
		{"a fault, and no page for it", "/fault", nil, 500, "by a fault of its own", 1},
		{"a fault, and one in its page", "/fault", faulty, 500, "by a fault of its own", 1},
		{"a fault, and one in the middle of its page", "/fault", half, 0, "", 1},
		{"a fault in the middle of an answer", "/half", page, 0, "", 1},
		{"a connection that is closed on purpose", "/abort", page, 0, "", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var reported []guard.Fault
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/fault":
					panic("a fault")
				case "/half":
					_, _ = io.WriteString(w, "half")
					panic("a fault")
				case "/abort":
					panic(http.ErrAbortHandler)
				}
				_, _ = io.WriteString(w, "fine")
			}, guard.Options{Answer: c.answer, Report: func(f guard.Fault) { reported = append(reported, f) }})
			res, err := http.Get(server.URL + c.path)
			body := []byte(nil)
			if err == nil {
				body, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			server.Close() // what it reports may come after its answer
			switch {
			case c.status == 0 && err == nil:
				t.Errorf("it was answered with %s: %s", res.Status, body)
			case c.status != 0 && (err != nil || res.StatusCode != c.status || !strings.Contains(string(body), c.says)):
				t.Errorf("got %v %s, %v; want %d and %q", res, body, err, c.status, c.says)
			}
			if len(reported) != c.reports {
				t.Fatalf("%d faults were reported, want %d", len(reported), c.reports)
			}
			if c.reports > 0 && (reported[0].Value != "a fault" || reported[0].Path != c.path || reported[0].Method != http.MethodGet || !strings.Contains(reported[0].Stack, "guard_test.go")) {
				t.Errorf("reported %+v", reported[0])
			}
		})
	}
}

// TestABodyThatIsTooLargeClosesTheConnection: net/http does that only for a handler that has the server's own writer.
func TestABodyThatIsTooLargeClosesTheConnection(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var tooLarge *http.MaxBytesError
		if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 10)); errors.As(err, &tooLarge) {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	}, guard.Options{})
	for body, closes := range map[string]bool{"short": false, "longer than ten bytes": true} {
		res, err := http.Post(server.URL, "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.Close != closes {
			t.Errorf("%s: %s, and the connection is closed: %v", body, res.Status, res.Close)
		}
	}
}
