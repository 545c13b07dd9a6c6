package cli

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"homeroom/console"
)

// ConsolePeopleFlags say who may use the console.
type ConsolePeopleFlags struct {
	Tokens string   `env:"HOMEROOM_CONSOLE_TOKENS" type:"existingfile" help:"Who may use it: a line each with a name, roles (viewer, editor, approver, people) and a token. Without any way to sign in, everybody on this machine may do everything." placeholder:"FILE"`
	Grants []string `name:"grant" env:"HOMEROOM_CONSOLE_GRANTS" sep:";" help:"Which roles a group has that the identity provider or the proxy names; may be repeated." placeholder:"GROUP=ROLE,ROLE"`

	Issuer       string `name:"oidc-issuer" env:"HOMEROOM_CONSOLE_OIDC_ISSUER" help:"The OpenID Connect provider that signs people in. Needs --url, and /sign-in/callback below it as the client's redirect address." placeholder:"URL"`
	ClientID     string `name:"oidc-client-id" env:"HOMEROOM_CONSOLE_OIDC_CLIENT_ID" help:"The client's id there." placeholder:"ID"`
	ClientSecret string `name:"oidc-secret-file" env:"HOMEROOM_CONSOLE_OIDC_SECRET_FILE" type:"existingfile" help:"A file with the client's secret. Without it the client is a public one; PKCE is used either way." placeholder:"FILE"`
	NameClaim    string `name:"oidc-name-claim" env:"HOMEROOM_CONSOLE_OIDC_NAME_CLAIM" default:"email" help:"The claim that names a person in the history. Default: ${default}." placeholder:"CLAIM"`
	GroupsClaim  string `name:"oidc-groups-claim" env:"HOMEROOM_CONSOLE_OIDC_GROUPS_CLAIM" default:"groups" help:"The claim that holds a person's groups, for instance realm_access.roles. Default: ${default}." placeholder:"CLAIM"`

	ProxyUser   string `name:"proxy-user-header" env:"HOMEROOM_CONSOLE_PROXY_USER_HEADER" help:"The header in which a proxy in front says who is asking. Only with --proxy-secret-file, or on a loopback or Unix listener with --url." placeholder:"HEADER"`
	ProxyGroups string `name:"proxy-groups-header" env:"HOMEROOM_CONSOLE_PROXY_GROUPS_HEADER" help:"The header in which it says their groups, separated by commas." placeholder:"HEADER"`
	ProxySecret string `name:"proxy-secret-file" env:"HOMEROOM_CONSOLE_PROXY_SECRET_FILE" type:"existingfile" help:"A file with the secret that the proxy sends in the header Homeroom-Proxy-Secret." placeholder:"FILE"`
}

// readPeople returns who may use a console that listens at an address and is reached by browsers at another (empty: at any).
func (f ConsolePeopleFlags) readPeople(listen, address string) (console.People, error) {
	host, err := hostOf(address)
	if err != nil {
		return nil, err
	}
	grants, err := console.ParseGrants(f.Grants)
	if err != nil {
		return nil, fmt.Errorf("--grant: %w", err)
	}
	var people console.AnyOf
	if f.Tokens != "" {
		tokens, err := console.ReadTokens(f.Tokens, host)
		if err != nil {
			return nil, err
		}
		people = append(people, tokens)
	}
	if f.Issuer != "" {
		provider, err := f.openProvider(address, grants)
		if err != nil {
			return nil, fmt.Errorf("--oidc-issuer: %w (--url, --oidc-client-id, --grant)", err)
		}
		people = append(people, provider)
	}
	if f.ProxyUser != "" || f.ProxyGroups != "" || f.ProxySecret != "" {
		proxy, err := f.openProxy(listen, host, grants)
		if err != nil {
			return nil, fmt.Errorf("--proxy-user-header: %w (--proxy-groups-header, --proxy-secret-file, --grant, --url)", err)
		}
		people = append(people, proxy)
	}
	switch {
	case len(people) > 0:
		return people, nil
	case !isLoopback(listen) || address != "":
		return nil, errors.New("without --tokens, --oidc-issuer or --proxy-user-header everybody who reaches the console may do everything: listen on 127.0.0.1, without --url, or say who may use it")
	}
	return console.ThisMachine{Name: currentUser()}, nil
}

// hostOf returns the host of the address at which browsers reach the console; empty: any.
func hostOf(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "", fmt.Errorf("--url %s is not an address such as https://homeroom.example.org/console", address)
	}
	return parsed.Host, nil
}

func (f ConsolePeopleFlags) openProvider(address string, grants console.Grants) (*console.OIDC, error) {
	secret, err := readSecretText(f.ClientSecret)
	if err != nil {
		return nil, err
	}
	return console.NewOIDC(console.OIDCOptions{
		Issuer:       f.Issuer,
		ClientID:     f.ClientID,
		ClientSecret: secret,
		URL:          address,
		NameClaim:    f.NameClaim,
		GroupsClaim:  f.GroupsClaim,
		Grants:       grants,
	})
}

func (f ConsolePeopleFlags) openProxy(listen, host string, grants console.Grants) (*console.Proxy, error) {
	secret, err := readSecretText(f.ProxySecret)
	if err != nil {
		return nil, err
	}
	if secret == "" && !isLoopback(listen) {
		return nil, fmt.Errorf("whoever reaches %s could say who they are: give the proxy a secret, or listen on 127.0.0.1 or unix:PATH", listen)
	}
	return console.NewProxy(console.ProxyOptions{
		UserHeader:   f.ProxyUser,
		GroupsHeader: f.ProxyGroups,
		Grants:       grants,
		Host:         host,
		Secret:       secret,
	})
}

// readSecretText returns the text of a file without the space around it; empty without a file. A file without a text is an error.
func readSecretText(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return "", fmt.Errorf("%s is empty", file)
	}
	return string(text), nil
}

// unixPrefix begins an address that is the path of a Unix socket.
const unixPrefix = "unix:"

// isLoopback reports whether an address to listen at is reached from this machine only.
func isLoopback(address string) bool {
	if strings.HasPrefix(address, unixPrefix) {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// listenAt listens at an address such as :8024 or unix:/run/homeroom/console.sock. A socket that an earlier process left is replaced.
func listenAt(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, unixPrefix)
	if !isUnix {
		return net.Listen("tcp", address)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if other, err := net.Dial("unix", path); err == nil {
			_ = other.Close()
			return nil, fmt.Errorf("another process listens at %s", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(path, 0o660)
}
