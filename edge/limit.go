package edge

import (
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	defaultRate = 120
	// remembered is how many keys (clients or links) a generation of the limiter holds. Two generations are kept, so memory is
	// bounded; a key that is dropped begins anew.
	remembered = 8192
)

// limiter counts requests by key: a client's address, or a link.
type limiter struct {
	perSecond rate.Limit
	burst     int
	max       int // keys of a generation

	mu       sync.Mutex
	new, old map[string]*rate.Limiter
}

// newLimiter allows so many requests a minute to each key, also all of them at once.
func newLimiter(perMinute int) *limiter {
	return &limiter{perSecond: rate.Limit(float64(perMinute) / 60), burst: perMinute, max: remembered, new: map[string]*rate.Limiter{}}
}

// allowRequest counts a request and reports whether it is allowed. If it is not, wait is the time until the next one is.
func (l *limiter) allowRequest(key string, now time.Time) (wait time.Duration, ok bool) {
	r := l.limiterOf(key).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	return wait, false
}

func (l *limiter) limiterOf(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.new[key]; ok {
		return known
	}
	known, ok := l.old[key]
	if !ok {
		known = rate.NewLimiter(l.perSecond, l.burst)
	}
	if len(l.new) >= l.max {
		l.old = l.new
		l.new = map[string]*rate.Limiter{}
	}
	l.new[key] = known
	return known
}

// perClient limits a handler by client address. kind is what the log may say of the path.
func (e *Edge) perClient(kind string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if e.withinLimit(w, r, kind, e.clientAddress(r)) {
			next(w, r)
		}
	}
}

// linkKey is the limiter's key of a link: a hash, so that the limiter does not hold links.
func linkKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "link " + string(sum[:16])
}

// withinLimit counts the request and answers it if it is one too many.
func (e *Edge) withinLimit(w http.ResponseWriter, r *http.Request, kind, key string) bool {
	wait, ok := e.limit.allowRequest(key, e.o.Now())
	if ok {
		return true
	}
	e.o.Log.Debug("too many requests", "path", kind)
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	e.serveNotice(w, r, "", http.StatusTooManyRequests)
	return false
}

// clientAddress returns whose request it is, see [ClientAddress].
func (e *Edge) clientAddress(r *http.Request) string { return ClientAddress(r, e.o.TrustProxy) }

// ClientAddress returns whose request it is: an IPv4 address, or an IPv6 network of 64 bits, which is what one household
// has. With trustProxy it is the address that the proxy in front saw (X-Forwarded-For).
func ClientAddress(r *http.Request, trustProxy bool) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if trustProxy {
		if hop := lastOf(r.Header.Values("X-Forwarded-For")); hop != "" {
			host = hop // what the proxy saw; what stands before it anybody may have written
		}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if port, err := netip.ParseAddrPort(host); err == nil {
			addr = port.Addr()
		}
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if network, err := addr.Prefix(64); err == nil {
			return network.String()
		}
	}
	return addr.String() // what is no address at all is one client: "invalid IP"
}

// lastOf is the last element of a header that holds a list.
func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	last := values[len(values)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}
