package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
)

// ManCmd is `homeroom man`.
type ManCmd struct {
	Dir string `arg:"" optional:"" type:"existingdir" help:"Write a page for each command into this folder. Default: print homeroom.1."`
}

// Help is shown by `homeroom man --help`.
func (*ManCmd) Help() string {
	return `Prints the manual page, or writes one for homeroom and one for each of its commands.

Examples:
  homeroom man | man -l -
  homeroom man /usr/local/share/man/man1`
}

// Run writes the pages.
func (c *ManCmd) Run(app *kong.Kong, o IO) error {
	if c.Dir == "" {
		_, err := io.WriteString(o.Out, manPage(app.Model.Node))
		return err
	}
	pages := append([]*kong.Node{app.Model.Node}, app.Model.Leaves(true)...)
	for _, node := range pages {
		if err := os.WriteFile(filepath.Join(c.Dir, manName(node)+".1"), []byte(manPage(node)), 0o644); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(o.Out, "%d pages are in %s\n", len(pages), c.Dir)
	return err
}

// manName returns homeroom-rules-publish for the command rules publish.
func manName(node *kong.Node) string {
	if node.Type == kong.ApplicationNode {
		return node.Name
	}
	return manName(node.Parent) + "-" + node.Name
}

// manPage returns a command's page in roff.
func manPage(node *kong.Node) string {
	var b strings.Builder
	name := manName(node)
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n", escapeRoff(strings.ToUpper(name)), escapeRoff(name), escapeRoff(strings.TrimSuffix(node.Help, ".")))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", escapeRoff(strings.ReplaceAll(node.FullPath(), node.Path(), "")+node.Summary()))
	if node.Detail != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", escapeRoff(node.Detail))
	}
	if node.Type == kong.ApplicationNode {
		b.WriteString(".SH COMMANDS\n")
		for _, leaf := range node.Leaves(true) {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", escapeRoff(leaf.Path()), escapeRoff(leaf.Help))
		}
		b.WriteString(".SH EXIT STATUS\n")
		for _, code := range exitCodes {
			fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", code.code, escapeRoff(code.means))
		}
		return b.String()
	}
	b.WriteString(".SH OPTIONS\n")
	for _, argument := range node.Positional {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", escapeRoff(argument.Summary()), escapeRoff(argument.Help))
	}
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s", escapeRoff(flag.String()), escapeRoff(flag.Help))
			if len(flag.Envs) > 0 {
				fmt.Fprintf(&b, " Variable: %s.", escapeRoff(strings.Join(flag.Envs, ", ")))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString(".SH SEE ALSO\n.BR homeroom (1)\n")
	return b.String()
}

// escapeRoff escapes what roff would read as its own.
func escapeRoff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
