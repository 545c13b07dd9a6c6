package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Role is something that a person may do.
type Role string

// The roles. Each includes nothing of the others but what a viewer may.
const (
	RoleViewer   Role = "viewer"   // look
	RoleEditor   Role = "editor"   // write drafts and propose them
	RoleApprover Role = "approver" // approve, publish, roll back, pause
	RolePeople   Role = "people"   // look learners up, publish their refused events again
)

// rolesOfOversight are asked for by pages that approvers see, and those who see people.
const rolesOfOversight Role = "approver or people"

// rolesOfTesting are both needed to write a test of what happened to a learner.
const rolesOfTesting Role = "editor and people"

var allRoles = []Role{RoleViewer, RoleEditor, RoleApprover, RolePeople}

// Person is who is asking.
type Person struct {
	Name  string `json:"name"`
	Roles []Role `json:"roles"`
}

// May reports whether a person has a role. Everybody who is known is a viewer.
func (p Person) May(role Role) bool {
	switch role {
	case rolesOfOversight:
		return p.May(RoleApprover) || p.May(RolePeople)
	case rolesOfTesting:
		return p.May(RoleEditor) && p.May(RolePeople)
	}
	return role == RoleViewer && p.Name != "" || slices.Contains(p.Roles, role)
}

// MayAudit reports whether a person may see who did what.
func (p Person) MayAudit() bool { return p.May(rolesOfOversight) }

// People knows who may use a console.
type People interface {
	// ServesHost reports whether a request to this host is meant for the console.
	ServesHost(host string) bool
	// Identify returns who is asking; found is false if nobody is known.
	Identify(r *http.Request, now time.Time) (person Person, found bool)
	// SignIn returns the value of the cookie for somebody who shows a token, and how long it is good for. An empty value: the token
	// is not known.
	SignIn(token string, now time.Time) (cookie string, age time.Duration)
	// SignOut ends the session of a request, if this process keeps it.
	SignOut(r *http.Request)
	// Ways says how people sign in; never empty.
	Ways() []LoginWay
}

// ThisMachine lets everybody on this machine do everything, under one name. Requests must name a loopback host, so that no page of
// another site reaches it through a name that resolves to this machine.
type ThisMachine struct {
	Name string
	// Colleague is another name that everybody can take, to try what takes two, such as an approval; empty: nobody can.
	Colleague string
}

// ServesHost implements [People].
func (ThisMachine) ServesHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// Identify implements [People].
func (m ThisMachine) Identify(r *http.Request, _ time.Time) (Person, bool) {
	return Person{Name: m.nameOf(r), Roles: allRoles}, true
}

// colleagueCookie is there while somebody acts as the colleague.
const colleagueCookie = "homeroom_console_colleague"

func (m ThisMachine) nameOf(r *http.Request) string {
	if _, err := r.Cookie(colleagueCookie); m.Colleague != "" && err == nil {
		return m.Colleague
	}
	return m.Name
}

// otherName returns the name that the person of a request can take instead of theirs; empty: none.
func (c *Console) otherName(r *http.Request) string {
	m, _ := c.o.People.(ThisMachine)
	if m.Colleague != "" && m.nameOf(r) == m.Colleague {
		return m.Name
	}
	return m.Colleague
}

// actAs lets a person go on under the other name, where there is one.
func (c *Console) actAs(req *request) (*page, error) {
	other := c.otherName(req.Request)
	if other == "" {
		return nil, errNoPage
	}
	age := time.Duration(-1) * time.Second // removes the cookie
	if m, _ := c.o.People.(ThisMachine); other == m.Colleague {
		age = 12 * time.Hour
	}
	c.setCookie(req, colleagueCookie, "1", age, http.SameSiteStrictMode)
	return c.goTo(req, c.returnPath(req), "You act as "+other+" now.")
}

// SignIn implements [People].
func (ThisMachine) SignIn(string, time.Time) (string, time.Duration) { return "", 0 }

// SignOut implements [People].
func (ThisMachine) SignOut(*http.Request) {}

// Ways implements [People].
func (m ThisMachine) Ways() []LoginWay {
	return []LoginWay{{Kind: LoginNone, Says: "There is no login: everybody on this machine may do everything, as " + m.Name + "."}}
}

// Tokens lets people in who show a token. Each has a name, roles, and a token of at least 24 characters.
type Tokens struct {
	host   string // empty: any
	people []tokenHolder
}

type tokenHolder struct {
	Person
	token string
}

var personName = regexp.MustCompile(`^[\pL\pN][\pL\pN ._@-]{0,63}$`)

const minToken = 24

// ReadTokens reads a file of tokens: one person a line, the name, the roles separated by commas, and the token, separated by tabs or
// at least two spaces. Lines that begin with # are comments. Host is the only one to be served; empty: any.
func ReadTokens(path, host string) (*Tokens, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseTokens(string(text), host)
}

var tokenColumns = regexp.MustCompile(`\t+| {2,}`)

func parseTokens(text, host string) (*Tokens, error) {
	t := &Tokens{host: host}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		holder, err := parseTokenHolder(line)
		if err != nil {
			return nil, fmt.Errorf("line %d of the token file: %w", n+1, err)
		}
		for _, other := range t.people {
			if other.Name == holder.Name || other.token == holder.token {
				return nil, fmt.Errorf("line %d of the token file: %s has the name or the token of another line", n+1, holder.Name)
			}
		}
		t.people = append(t.people, holder)
	}
	if len(t.people) == 0 {
		return nil, errors.New("the token file names nobody: write a line such as \"maya  editor,people  TOKEN\"")
	}
	return t, nil
}

func parseTokenHolder(line string) (tokenHolder, error) {
	columns := tokenColumns.Split(line, -1)
	if len(columns) != 3 {
		return tokenHolder{}, errors.New("want a name, roles and a token, separated by tabs or two spaces")
	}
	holder := tokenHolder{Person: Person{Name: columns[0]}, token: columns[2]}
	if !personName.MatchString(holder.Name) {
		return tokenHolder{}, fmt.Errorf("%q is not a name", holder.Name)
	}
	if len(holder.token) < minToken {
		return tokenHolder{}, fmt.Errorf("the token of %s is shorter than %d characters; make one with `openssl rand -hex 24`", holder.Name, minToken)
	}
	roles, err := parseRoles(columns[1])
	holder.Roles = roles
	return holder, err
}

// ServesHost implements [People].
func (t *Tokens) ServesHost(host string) bool { return t.host == "" || strings.EqualFold(host, t.host) }

// sessionCookie names the cookie of a person who has signed in.
const sessionCookie = "homeroom_console"

// sessionAge is how long a person stays signed in.
const sessionAge = 12 * time.Hour

// Identify implements [People]: by a bearer token, or by the cookie that SignIn gave.
func (t *Tokens) Identify(r *http.Request, now time.Time) (Person, bool) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		holder := t.findHolder(token)
		if holder == nil {
			return Person{}, false
		}
		return holder.Person, true
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return Person{}, false
	}
	for i := range t.people {
		holder := &t.people[i]
		if holder.signedCookie(cookie.Value, now) {
			return holder.Person, true
		}
	}
	return Person{}, false
}

// SignIn implements [People]. The cookie is signed with the token itself: who takes a token out of the file ends its sessions.
func (t *Tokens) SignIn(token string, now time.Time) (string, time.Duration) {
	holder := t.findHolder(token)
	if holder == nil {
		return "", 0
	}
	until := strconv.FormatInt(now.Add(sessionAge).Unix(), 10)
	return until + "." + holder.signSession(until), sessionAge
}

// SignOut implements [People]: the session is in its cookie, which the console removes.
func (*Tokens) SignOut(*http.Request) {}

// Ways implements [People].
func (t *Tokens) Ways() []LoginWay {
	way := LoginWay{Kind: LoginToken, Says: "People sign in with a token of the token file, for twelve hours; programs send it as a bearer token."}
	for i := range t.people {
		way.People = append(way.People, t.people[i].Person)
	}
	return []LoginWay{way}
}

// findHolder returns who holds a token, or nil. It takes equally long for every token.
func (t *Tokens) findHolder(token string) *tokenHolder {
	var found *tokenHolder
	given := sha256.Sum256([]byte(token))
	for i := range t.people {
		known := sha256.Sum256([]byte(t.people[i].token))
		if subtle.ConstantTimeCompare(given[:], known[:]) == 1 {
			found = &t.people[i]
		}
	}
	return found
}

// signSession seals the end of a session.
func (h *tokenHolder) signSession(until string) string {
	mac := hmac.New(sha256.New, []byte(h.token))
	mac.Write([]byte("homeroom console session\x00" + h.Name + "\x00" + until))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedCookie reports whether a cookie is this person's and still good.
func (h *tokenHolder) signedCookie(value string, now time.Time) bool {
	until, seal, ok := strings.Cut(value, ".")
	if !ok || !hmac.Equal([]byte(seal), []byte(h.signSession(until))) {
		return false
	}
	seconds, err := strconv.ParseInt(until, 10, 64)
	return err == nil && now.Before(time.Unix(seconds, 0))
}
