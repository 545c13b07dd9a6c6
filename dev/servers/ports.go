package servers

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// loopback is where everything listens: a developer's servers are nobody else's business.
const loopback = "127.0.0.1"

// ErrPortTaken says that something else listens on a port; test with errors.Is.
var ErrPortTaken = errors.New("taken by another program")

// CheckPort reports whether a server could listen on the loopback port; 0 is always fine.
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

// freePorts finds n ports that nobody listens on. They are free until somebody takes them: use them at once.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		ln, err := net.Listen("tcp", loopbackAddress(0))
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		// Closed at the end, so that no port is handed out twice.
		defer func() { _ = ln.Close() }()
		ports[i] = ln.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func loopbackAddress(port int) string {
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}
