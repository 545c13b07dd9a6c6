package cli

import (
	"errors"
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
		{cmd: ConsoleCmd{Listen: ":8024", Tokens: tokens, Approvals: -1}, approvals: 1},
		{cmd: ConsoleCmd{Listen: ":8024", Tokens: tokens, Approvals: 0}},
		{cmd: ConsoleCmd{Listen: ":8024", Tokens: tokens, URL: "x.example", Approvals: 0}, refused: "--url"},
	} {
		_, approvals, err := test.cmd.readPeople()
		var wrong ExitError
		switch {
		case test.refused == "" && (err != nil || approvals != test.approvals):
			t.Errorf("%+v: got %d, %v", test.cmd, approvals, err)
		case test.refused != "" && (!errors.As(err, &wrong) || wrong.Code != 2 || !strings.Contains(err.Error(), test.refused)):
			t.Errorf("%+v: got %v, want an error of usage about %s", test.cmd, err, test.refused)
		}
	}
}
