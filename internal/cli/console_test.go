package cli

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhoMayUseTheConsole: without tokens only this machine; with tokens somebody else approves.
func TestWhoMayUseTheConsole(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("maya  editor  0123456789-0123456789-0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("0123456789-0123456789-0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	grants := []string{"leads=approver,people"}
	provider := ConsolePeopleFlags{Grants: grants, Issuer: "https://id.example.org", ClientID: "homeroom"}
	proxy := ConsolePeopleFlags{Grants: grants, ProxyUser: "X-User", ProxyGroups: "X-Groups"}
	proved := proxy
	proved.ProxySecret = secret
	unproved := proxy
	unproved.ProxySecret = empty
	nameless := proxy
	nameless.ProxyUser = ""
	both := proved
	both.Tokens = tokens
	noGrants := proved
	noGrants.Grants = nil
	for _, test := range []struct {
		cmd       ConsoleCmd
		approvals int
		refused   string
	}{
		{cmd: ConsoleCmd{Listen: "127.0.0.1:0", Approvals: -1}},
		{cmd: ConsoleCmd{Listen: "[::1]:0", Approvals: 2}, approvals: 2},
		{cmd: ConsoleCmd{Listen: ":8024", Approvals: -1}, refused: "--tokens"},
		{cmd: ConsoleCmd{Listen: "192.0.2.1:8024", Approvals: -1}, refused: "--tokens"},
		{cmd: ConsoleCmd{Listen: "127.0.0.1:0", URL: "https://x.example", Approvals: -1}, refused: "--tokens"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: ConsolePeopleFlags{Tokens: tokens}, Approvals: -1}, approvals: 1},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: ConsolePeopleFlags{Tokens: tokens}, Approvals: 0}},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: ConsolePeopleFlags{Tokens: tokens}, URL: "x.example", Approvals: 0}, refused: "--url"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: provider, URL: "https://x.example", Approvals: -1}, approvals: 1},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: provider, URL: "http://x.example", Approvals: -1}, refused: "not https"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: provider, Approvals: -1}, refused: "--url"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: ConsolePeopleFlags{Grants: []string{"leads=boss"}}, Approvals: -1}, refused: "--grant"},
		{cmd: ConsoleCmd{Listen: "127.0.0.1:0", ConsolePeopleFlags: proxy, URL: "https://x.example", Approvals: -1}, approvals: 1},
		{cmd: ConsoleCmd{Listen: "unix:/tmp/x", ConsolePeopleFlags: proxy, URL: "https://x.example", Approvals: -1}, approvals: 1},
		{cmd: ConsoleCmd{Listen: "127.0.0.1:0", ConsolePeopleFlags: proxy, Approvals: -1}, refused: "one host only"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: proxy, URL: "https://x.example", Approvals: -1}, refused: "could say who they are"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: proved, Approvals: -1}, approvals: 1},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: unproved, Approvals: -1}, refused: "is empty"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: nameless, Approvals: -1}, refused: "could say who they are"},
		{cmd: ConsoleCmd{Listen: "127.0.0.1:0", ConsolePeopleFlags: nameless, Approvals: -1}, refused: "name the headers"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: noGrants, Approvals: -1}, refused: "which groups"},
		{cmd: ConsoleCmd{Listen: ":8024", ConsolePeopleFlags: both, Approvals: -1}, approvals: 1},
	} {
		_, approvals, err := test.cmd.allow()
		var wrong ExitError
		switch {
		case test.refused == "" && (err != nil || approvals != test.approvals):
			t.Errorf("%+v: got %d, %v", test.cmd, approvals, err)
		case test.refused != "" && (!errors.As(err, &wrong) || wrong.Code != 2 || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%+v: got %v, want an error of usage about %s", test.cmd, err, test.refused)
		}
	}
}

// TestAUnixListener: a socket that a process left is replaced, one that is served is not, and neither is a file.
func TestAUnixListener(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	first, err := listenAt(unixPrefix + path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := listenAt(unixPrefix + path); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second one: %v", err)
	}
	first.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := listenAt(unixPrefix + path)
	if err != nil {
		t.Fatalf("a socket that was left: %v", err)
	}
	_ = second.Close()
	file := filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenAt(unixPrefix + file); err == nil {
		t.Error("a file was replaced")
	}
}
