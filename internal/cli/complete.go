package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completeWord is the first argument by which the shells' scripts ask for what may stand next.
const completeWord = "__complete"

// CompletionCmd is `homeroom completion`.
type CompletionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown by `homeroom completion --help`.
func (*CompletionCmd) Help() string {
	return `Prints a script that completes commands, flags and their values as you type. The script asks the binary, so it knows each new
version's commands.

Examples:
  homeroom completion bash > /etc/bash_completion.d/homeroom
  homeroom completion zsh > "${fpath[1]}/_homeroom"
  homeroom completion fish > ~/.config/fish/completions/homeroom.fish`
}

// scripts ask `homeroom __complete WORDS`; the last word is the one being typed. Without an answer the shell completes files.
var scripts = map[string]string{
	"bash": `# bash completion for homeroom
_homeroom() {
  local IFS=$'\n'
  COMPREPLY=($(homeroom __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _homeroom homeroom
`,
	"zsh": `#compdef homeroom
_homeroom() {
  local -a found
  found=(${(f)"$(homeroom __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#found} )); then compadd -a found; else _files; fi
}
compdef _homeroom homeroom
`,
	"fish": `# fish completion for homeroom
complete -c homeroom -a '(homeroom __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
}

// Run prints the script.
func (c *CompletionCmd) Run(o IO) error {
	_, err := io.WriteString(o.Out, scripts[c.Shell])
	return err
}

// writeCompletions prints what may stand at the place of the last word, a line each.
func writeCompletions(out io.Writer, root *kong.Node, words []string) error {
	if len(words) == 0 {
		return nil
	}
	typed := words[len(words)-1]
	node := root
	flag := ""
	for _, word := range words[:len(words)-1] {
		flag = ""
		if strings.HasPrefix(word, "-") {
			flag = word
		} else if child := childOf(node, word); child != nil {
			node = child
		}
	}
	for _, word := range completionsFor(node, flag, typed) {
		if strings.HasPrefix(word, typed) {
			if _, err := fmt.Fprintln(out, word); err != nil {
				return err
			}
		}
	}
	return nil
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// completionsFor returns the values of the flag that stands before, or the commands and flags that may stand there.
func completionsFor(node *kong.Node, flag, typed string) []string {
	var flags []string
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			if "--"+f.Name == flag && !f.IsBool() {
				return slices.Sorted(slices.Values(f.EnumSlice()))
			}
			flags = append(flags, "--"+f.Name)
		}
	}
	if strings.HasPrefix(typed, "-") {
		slices.Sort(flags)
		return flags
	}
	var commands []string
	for _, child := range node.Children {
		if !child.Hidden {
			commands = append(commands, child.Name)
		}
	}
	for _, argument := range node.Positional {
		commands = append(commands, argument.EnumSlice()...)
	}
	return commands
}
