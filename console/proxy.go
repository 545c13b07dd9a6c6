package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"
)

// ProxySecretHeader carries the secret by which a proxy proves that it set the headers of a request.
const ProxySecretHeader = "Homeroom-Proxy-Secret"

// minProxySecret is how long the secret is at least, in bytes.
const minProxySecret = 24

// ProxyOptions say how a proxy in front of the console tells who is asking.
type ProxyOptions struct {
	UserHeader   string // holds the person's name, such as X-Forwarded-User; required
	GroupsHeader string // holds their groups, separated by commas, such as X-Forwarded-Groups; required
	Grants       Grants
	Host         string // the only one to be served; empty: any
	// Secret is what the proxy sends in [ProxySecretHeader]. Empty: whoever reaches the listener is the proxy, so that it must listen on
	// loopback or a Unix socket only, and serve one host only.
	Secret string
}

// Proxy lets people in whom a proxy in front of the console has signed in.
type Proxy struct{ o ProxyOptions }

// NewProxy checks the options.
func NewProxy(o ProxyOptions) (*Proxy, error) {
	switch {
	case o.UserHeader == "" || o.GroupsHeader == "":
		return nil, errors.New("name the headers in which the proxy says who is asking and in which groups they are")
	case http.CanonicalHeaderKey(o.UserHeader) == http.CanonicalHeaderKey(o.GroupsHeader):
		return nil, errors.New("the name and the groups need headers of their own")
	case len(o.Grants) == 0:
		return nil, errors.New("say which groups have which roles, such as academy-editors=editor")
	case o.Secret == "" && o.Host == "":
		return nil, errors.New("without a secret of the proxy the console serves one host only: say which")
	case o.Secret != "" && len(o.Secret) < minProxySecret:
		return nil, errors.New("the secret of the proxy is shorter than 24 characters; make one with `openssl rand -hex 24`")
	}
	return &Proxy{o: o}, nil
}

// ServesHost implements [People].
func (p *Proxy) ServesHost(host string) bool {
	return p.o.Host == "" || strings.EqualFold(host, p.o.Host)
}

// Identify implements [People]. A request with several names, or with none, is nobody's.
func (p *Proxy) Identify(r *http.Request, _ time.Time) (Person, bool) {
	if !p.provesItself(r) {
		return Person{}, false
	}
	names := r.Header.Values(p.o.UserHeader)
	if len(names) != 1 {
		return Person{}, false
	}
	var groups []string
	for _, list := range r.Header.Values(p.o.GroupsHeader) {
		for group := range strings.SplitSeq(list, ",") {
			groups = append(groups, strings.TrimSpace(group))
		}
	}
	person, err := p.o.Grants.admit(strings.TrimSpace(names[0]), groups)
	return person, err == nil
}

// provesItself reports whether a request came through the proxy.
func (p *Proxy) provesItself(r *http.Request) bool {
	if p.o.Secret == "" {
		return true
	}
	given := r.Header.Values(ProxySecretHeader)
	if len(given) != 1 {
		return false
	}
	want := sha256.Sum256([]byte(p.o.Secret))
	have := sha256.Sum256([]byte(given[0]))
	return subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

// SignIn implements [People]: the proxy does it.
func (*Proxy) SignIn(string, time.Time) (string, time.Duration) { return "", 0 }

// SignOut implements [People]: the proxy does it.
func (*Proxy) SignOut(*http.Request) {}

// Ways implements [People].
func (p *Proxy) Ways() []LoginWay {
	says := "A proxy says who is asking in the header " + p.o.UserHeader
	if p.o.Secret != "" {
		says += ", and proves itself by a secret"
	}
	return []LoginWay{{Kind: LoginProxy, Says: says + ".", Grants: p.o.Grants}}
}
