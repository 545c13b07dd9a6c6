package console

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// signInData is what the page to sign in prints.
type signInData struct {
	To       string `json:"to"`
	Refused  bool   `json:"refused"`
	Problem  string `json:"problem,omitempty"` // why the identity provider let nobody in
	Token    bool   `json:"token"`             // there are tokens
	Provider bool   `json:"provider"`          // there is an identity provider
}

func (c *Console) signInPage(req *request, to string) (*page, *signInData) {
	data := &signInData{To: to}
	for _, way := range c.o.People.Ways() {
		data.Token = data.Token || way.Kind == LoginToken
		data.Provider = data.Provider || way.Kind == LoginOIDC
	}
	return &page{name: "signin", title: "Sign in", data: data}, data
}

func (c *Console) showSignIn(req *request) (*page, error) {
	p, _ := c.signInPage(req, c.localPath(req.FormValue("to")))
	return p, nil
}

func (c *Console) signIn(req *request) (*page, error) {
	to := c.localPath(req.FormValue("to"))
	cookie, age := c.o.People.SignIn(strings.TrimSpace(req.FormValue("token")), c.o.Installation.MachineNow())
	if cookie == "" {
		p, data := c.signInPage(req, to)
		p.status = http.StatusUnauthorized
		data.Refused = true
		return p, nil
	}
	c.setCookie(req, sessionCookie, cookie, age, http.SameSiteStrictMode)
	return c.goTo(req, to, "")
}

// setCookie sets a cookie that no script reads.
func (c *Console) setCookie(req *request, name, value string, age time.Duration, sameSite http.SameSite) {
	http.SetCookie(req.w, &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     c.prefix + "/",
		MaxAge:   int(age.Seconds()),
		HttpOnly: true,
		SameSite: sameSite,
		Secure:   c.isSecure(req),
	})
}

// sessionCookies are what signing out removes.
var sessionCookies = []string{sessionCookie, oidcCookie}

func (c *Console) signOut(req *request) (*page, error) {
	c.o.People.SignOut(req.Request)
	for _, name := range sessionCookies {
		http.SetCookie(req.w, &http.Cookie{Name: name, Path: c.prefix + "/", MaxAge: -1})
	}
	return c.goTo(req, "/sign-in", "You are signed out.")
}

// hasSession reports whether a browser has a session to end.
func hasSession(r *http.Request) bool {
	return slices.ContainsFunc(sessionCookies, func(name string) bool {
		_, err := r.Cookie(name)
		return err == nil
	})
}

// beginLogin sends a browser to the identity provider.
func (c *Console) beginLogin(req *request) (*page, error) {
	provider := findOIDC(c.o.People)
	if provider == nil {
		return nil, errNoPage
	}
	address, browser, err := provider.begin(req.Context(), c.localPath(req.FormValue("to")), c.o.Installation.MachineNow())
	if err != nil {
		return nil, err
	}
	// The provider sends the browser back from another site, so that a strict cookie would not come along.
	c.setCookie(req, loginCookie, browser, loginAge, http.SameSiteLaxMode)
	return &page{elsewhere: address}, nil
}

// finishLogin takes in a browser that comes back from the identity provider.
func (c *Console) finishLogin(req *request) (*page, error) {
	provider := findOIDC(c.o.People)
	if provider == nil {
		return nil, errNoPage
	}
	browser := ""
	if cookie, err := req.Cookie(loginCookie); err == nil {
		browser = cookie.Value
	}
	http.SetCookie(req.w, &http.Cookie{Name: loginCookie, Path: c.prefix + "/", MaxAge: -1})
	session, to, err := provider.finish(req.Context(), req.URL.Query(), browser, c.o.Installation.MachineNow())
	if err != nil {
		c.o.Log.Warn("somebody was not signed in", "error", err)
		p, data := c.signInPage(req, "/")
		p.status = http.StatusUnauthorized
		data.Problem = err.Error()
		return p, nil
	}
	c.setCookie(req, oidcCookie, session, sessionAge, http.SameSiteLaxMode)
	return c.goTo(req, to, "")
}
