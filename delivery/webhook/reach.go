package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// errPrivate says that an address is not public, and that the process is not told to post there.
var errPrivate = errors.New("the target's address is not a public one")

// special are the ranges, besides those that net/netip knows, that are not the public internet's, or that carry an address of another kind inside.
var special = parsePrefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func parsePrefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// isPublic reports whether an address is one of the public internet's.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && a.Zone() == "" && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// dialer connects to public addresses, and to the hosts that it is told of.
type dialer struct {
	private []string // hosts, as "host" or "host:port", in lower case
}

// mayBePrivate reports whether the process is told to post to a host whatever its address.
func (d dialer) mayBePrivate(hostPort string) bool {
	hostPort = strings.ToLower(hostPort)
	host, _, err := net.SplitHostPort(hostPort)
	return slices.Contains(d.private, hostPort) || err == nil && slices.Contains(d.private, host)
}

// dial connects. The address is looked at when its name has been resolved, at each connection anew: a name that is public now may be private a moment later.
func (d dialer) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	out := net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	if !d.mayBePrivate(hostPort) {
		out.Control = func(_, resolved string, _ syscall.RawConn) error {
			addr, err := netip.ParseAddrPort(resolved)
			if err != nil || !isPublic(addr.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	conn, err := out.DialContext(ctx, network, hostPort)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}
