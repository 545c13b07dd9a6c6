package drill

import (
	"bufio"
	"net"
	"testing"
)

// echo is a server that says back what it hears, after its name.
func echo(t *testing.T, name string) string {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() })
	go func() {
		for {
			conn, err := door.Accept()
			if err != nil {
				return
			}
			go func() {
				lines := bufio.NewScanner(conn)
				for lines.Scan() {
					_, _ = conn.Write([]byte(name + " " + lines.Text() + "\n"))
				}
				_ = conn.Close()
			}()
		}
	}()
	return door.Addr().String()
}

func ask(t *testing.T, conn net.Conn) (string, error) {
	t.Helper()
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// TestProxy: cut, it breaks what is open and refuses what comes; mended, it is where it was, with another server behind
// it if so wanted.
func TestProxy(t *testing.T) {
	p, err := newProxy(echo(t, "first"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.closeForGood)
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if got, err := ask(t, conn); got != "first hello\n" {
		t.Fatalf("through the proxy: %q, %v", got, err)
	}

	p.cutConnections()
	if got, err := ask(t, conn); err == nil {
		t.Errorf("cut, and it still answers %q", got)
	}
	if refused, err := net.Dial("tcp", p.address); err == nil {
		_ = refused.Close()
		t.Error("cut, and it still takes connections")
	}

	p.setTarget(echo(t, "second"))
	if err := p.listenAgain(); err != nil {
		t.Fatal(err)
	}
	again, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	if got, err := ask(t, again); got != "second hello\n" {
		t.Errorf("mended: %q, %v", got, err)
	}
}
