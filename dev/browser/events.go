package browser

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// onBrowserEvent turns the browser's events of the page into findings.
func (t *Tab) onBrowserEvent(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		t.onRequest(string(e.RequestID), e.Request.URL)
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && e.Type != network.ResourceTypeDocument { // the status of the page itself is the result of Open
			t.addTrouble(Request, e.Response.URL, fmt.Sprintf("was answered with %d", e.Response.Status))
		}
	case *network.EventLoadingFailed:
		if !e.Canceled {
			t.addTrouble(Request, t.asked[string(e.RequestID)], "failed: "+e.ErrorText+string(e.BlockedReason))
		}
	case *runtime.EventExceptionThrown:
		t.addTrouble(Console, t.address, "threw "+(&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		switch e.Type {
		case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert:
			t.addTrouble(Console, t.address, "said "+joinArguments(e.Args))
		}
	case *log.EventEntryAdded:
		// The browser logs a page with an error status as a failed request; the page may be meant to have it.
		own := e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "the server responded with a status")
		if (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) && !own {
			t.addTrouble(Console, e.Entry.URL, e.Entry.Text)
		}
	}
}

func (t *Tab) onRequest(id, address string) {
	if t.asked == nil {
		t.asked = make(map[string]string)
	}
	t.asked[id] = address
	u, err := url.Parse(address)
	if err == nil && (u.Host == t.host || u.Scheme == "data" || u.Scheme == "about") {
		return
	}
	t.addTrouble(OtherMachine, address, "is none of the page's business")
}

func (t *Tab) addTrouble(check Check, where, says string) {
	if len(where) > 120 {
		where = where[:120] + "…"
	}
	t.trouble = append(t.trouble, Finding{Check: check, Where: where, Says: says})
}

func joinArguments(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		words = append(words, string(a.Value))
	}
	return strings.Join(words, " ")
}
