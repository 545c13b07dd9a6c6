package cli

import (
	"errors"
	"os"
	"strings"
)

// AllowFlags say to whom a process may write.
type AllowFlags struct {
	Allow []string `env:"HOMEROOM_ALLOW" help:"This process writes only to these addresses and domains; for staging systems." placeholder:"ADDRESS|DOMAIN"`
}

// checkAllow refuses a variable that is set and empty: somebody meant to name addresses, and an empty list allows everybody.
func (AllowFlags) checkAllow() error {
	if list, set := os.LookupEnv("HOMEROOM_ALLOW"); set && strings.TrimSpace(list) == "" {
		return usage(errors.New("HOMEROOM_ALLOW is set and empty, which would allow everybody: name addresses and domains, or unset it"))
	}
	return nil
}
