package servers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// loopback is the only address that servers listen on, so that no other machine reaches them.
const loopback = "127.0.0.1"

// ErrPortTaken says that another program listens on a port; test with errors.Is.
var ErrPortTaken = errors.New("taken by another program")

// CheckPort returns an error if no server can listen on the loopback port. Port 0 is always free.
func CheckPort(port int) error {
	if port == 0 {
		return nil
	}
	ln, err := net.Listen("tcp", loopbackAddress(port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %d is %w", port, ErrPortTaken)
	case err != nil:
		return fmt.Errorf("port %d can't be used: %w", port, err)
	}
	return ln.Close()
}

// freePorts returns n ports that no program listens on. They lie below the range from which the system serves port 0 (32768 and
// higher on Linux, 49152 and higher elsewhere), so that only a program that asks for that very port can take one: use them at once.
func freePorts(n int) ([]int, error) {
	var ports []int
	for attempt := 0; attempt < 1000; attempt++ {
		if len(ports) == n {
			return ports, nil
		}
		ln, err := net.Listen("tcp", loopbackAddress(10_000+rand.IntN(22_000)))
		if err != nil {
			continue
		}
		// Closed at the end, so that no port is returned twice.
		defer func() { _ = ln.Close() }()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return nil, fmt.Errorf("found %d free ports of %d", len(ports), n)
}

func loopbackAddress(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
