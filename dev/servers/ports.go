package servers

import (
	"errors"
	"fmt"
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

// freePorts returns n ports that no program listens on. Another program may take them: use them at once.
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
