package delivery

import (
	"errors"
	"fmt"
	"strings"

	"homeroom/internal/mailaddress"
)

// AllowList names the only recipients that mail may go to, so that a staging system mails nobody else. The zero value
// allows everybody.
type AllowList struct {
	addresses map[string]bool
	domains   map[string]bool
}

// NewAllowList reads addresses (ada@example.org) and domains (example.org or @example.org). A domain does not include
// its subdomains. Case and the spelling of an international domain do not matter. No entries allow everybody.
func NewAllowList(entries []string) (AllowList, error) {
	var l AllowList
	for _, entry := range entries {
		e := strings.ToLower(strings.TrimSpace(entry))
		domain, isDomain := strings.CutPrefix(e, "@")
		switch {
		case e == "":
			continue
		case strings.ContainsAny(e, "*, \t\r\n"), domain == "", strings.Count(domain, "@") > 1:
			return AllowList{}, fmt.Errorf("allow-list: %q is neither an address nor a domain; write ada@example.org or example.org", entry)
		case isDomain || !strings.Contains(e, "@"):
			if l.domains == nil {
				l.domains = make(map[string]bool)
			}
			l.domains[mailaddress.NormalizeDomain(domain)] = true
		case !mailaddress.IsBare(e):
			return AllowList{}, fmt.Errorf("allow-list: %q is not an address; write ada@example.org", entry)
		default:
			if l.addresses == nil {
				l.addresses = make(map[string]bool)
			}
			l.addresses[mailaddress.Normalize(e)] = true
		}
	}
	if len(entries) > 0 && len(l.addresses) == 0 && len(l.domains) == 0 { // a variable left empty must not mean everybody
		return AllowList{}, errors.New("allow-list: every entry is blank; name addresses or domains, or leave the list out to allow everybody")
	}
	return l, nil
}

// Allows reports whether mail may go to this address.
func (l AllowList) Allows(address string) bool {
	if len(l.addresses) == 0 && len(l.domains) == 0 {
		return true
	}
	address = mailaddress.Normalize(address)
	domain := address[strings.LastIndexByte(address, '@')+1:]
	return l.addresses[address] || l.domains[domain]
}
