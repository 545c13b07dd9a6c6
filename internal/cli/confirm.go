package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// confirmByAnswer asks a question, and returns an error unless the answer is y or yes. nobody says what to do if nobody can be asked, refused what was not done.
func confirmByAnswer(o IO, nobody, question, refused string) error {
	if !o.Terminal || o.In == nil {
		return usage(errors.New(nobody))
	}
	fmt.Fprint(o.Err, question+" [y/N] ")
	answer, _ := bufio.NewReader(o.In).ReadString('\n')
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return errors.New(refused)
	}
	return nil
}

// confirmAtTerminal is confirmByAnswer for what a script must not answer by writing to the standard input.
func confirmAtTerminal(o IO, nobody, question, refused string) error {
	if !isAtTerminal(o) {
		return usage(errors.New(nobody))
	}
	return confirmByAnswer(o, nobody, question, refused)
}

// isAtTerminal reports whether a person reads the questions and types the answers.
func isAtTerminal(o IO) bool {
	in, ok := o.In.(*os.File)
	return ok && isTerminal(in) && o.Terminal
}
