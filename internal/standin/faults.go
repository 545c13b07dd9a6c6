package standin

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Fault makes the next request or requests fail. Faults apply in the order in which they were set, at most one to a
// request. The zero Fault answers as usual.
type Fault struct {
	Times   int               // how many requests meet it; 0 means one, negative means all until ClearFaults
	Status  int               // answer with this status; 0: answer according to the request
	Headers map[string]string // added to the answer, e.g. X-RateLimit-Reset
	Latency time.Duration     // before the answer
	Hold    bool              // no answer until Release
	Reset   bool              // read the request, then reset the connection instead of answering
	Taken   bool              // accept the mail before anything else, whatever the answer is: the caller cannot know
}

// jsonFault is a Fault on the wire; the latency is written like "250ms".
type jsonFault struct {
	Times   int               `json:"times,omitempty"`
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Latency string            `json:"latency,omitempty"`
	Hold    bool              `json:"hold,omitempty"`
	Reset   bool              `json:"reset,omitempty"`
	Taken   bool              `json:"taken,omitempty"`
}

// MarshalJSON writes {"times","status","headers","latency","hold","reset","taken"}.
func (f Fault) MarshalJSON() ([]byte, error) {
	j := jsonFault{Times: f.Times, Status: f.Status, Headers: f.Headers, Hold: f.Hold, Reset: f.Reset, Taken: f.Taken}
	if f.Latency > 0 {
		j.Latency = f.Latency.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Fault) UnmarshalJSON(b []byte) error {
	var j jsonFault
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*f = Fault{Times: j.Times, Status: j.Status, Headers: j.Headers, Hold: j.Hold, Reset: j.Reset, Taken: j.Taken}
	if j.Latency != "" {
		d, err := time.ParseDuration(j.Latency)
		if err != nil || d < 0 {
			return fmt.Errorf("latency %q: write it like 250ms or 2s", j.Latency)
		}
		f.Latency = d
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status %d: use 200 to 599", f.Status)
	}
	return nil
}

// faultQueue holds the faults that no request has met yet, and the gate that held requests wait for.
type faultQueue struct {
	mu    sync.Mutex
	queue []Fault
	gate  chan struct{} // closed by a release
}

func (f *faultQueue) addFaults(list ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range list {
		if fault.Times == 0 {
			fault.Times = 1
		}
		f.queue = append(f.queue, fault)
	}
}

// takeNext returns the fault for the current request and counts it down; the zero Fault if there is none.
func (f *faultQueue) takeNext() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		return Fault{}
	}
	fault := f.queue[0]
	switch {
	case fault.Times == 1:
		f.queue = f.queue[1:]
	case fault.Times > 1:
		f.queue[0].Times--
	}
	return fault
}

func (f *faultQueue) listFaults() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.queue...)
}

func (f *faultQueue) clearQueue() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = nil
}

// releaseGate returns a channel that is closed by the next releaseHeld.
func (f *faultQueue) releaseGate() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gate == nil {
		f.gate = make(chan struct{})
	}
	return f.gate
}

func (f *faultQueue) releaseHeld() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gate != nil {
		close(f.gate)
		f.gate = nil
	}
}

// resetConnection closes the connection with a TCP reset, so that the client sees an error after it wrote its request.
func resetConnection(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
