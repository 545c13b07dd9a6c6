package drill

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// proxy forwards connections to a server. While it is cut it resets every connection and refuses new ones, as an absent
// server does. Its address stays the same, and its target may change.
type proxy struct {
	address string

	mu       sync.Mutex
	target   string
	listener net.Listener // nil while cut
	open     map[net.Conn]bool
	closed   bool
	tasks    sync.WaitGroup
}

// newProxy listens on a free port of this machine and forwards connections to the target, such as "127.0.0.1:4222".
func newProxy(target string) (*proxy, error) {
	p := &proxy{target: target, address: "127.0.0.1:0", open: map[net.Conn]bool{}}
	if err := p.listenAgain(); err != nil {
		return nil, err
	}
	p.address = p.listener.Addr().String()
	return p, nil
}

// setTarget changes the server that new connections lead to.
func (p *proxy) setTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// listenAgain accepts connections again, on the same address.
func (p *proxy) listenAgain() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.closed {
		return nil
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("a proxy that was cut cannot listen at %s again: %w", p.address, err)
	}
	p.listener = listener
	p.tasks.Go(func() { p.acceptConnections(listener) })
	return nil
}

// cutConnections resets all connections and refuses new ones.
func (p *proxy) cutConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	for conn := range p.open {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // close with a reset
		}
		_ = conn.Close()
	}
	clear(p.open)
}

// closeForGood closes the proxy; listenAgain has no effect afterwards.
func (p *proxy) closeForGood() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cutConnections()
	p.tasks.Wait()
}

func (p *proxy) acceptConnections(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.tasks.Go(func() { p.forwardConnection(listener, conn) })
		}
	}
}

func (p *proxy) forwardConnection(listener net.Listener, near net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	far, err := net.Dial("tcp", target)
	if err != nil {
		_ = near.Close()
		return
	}
	p.mu.Lock()
	if p.listener != listener { // cut while it was dialing
		p.mu.Unlock()
		_ = near.Close()
		_ = far.Close()
		return
	}
	p.open[near] = true
	p.open[far] = true
	p.mu.Unlock()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // any error ends the connection, as an orderly end does
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	both.Wait()
	p.mu.Lock()
	delete(p.open, near)
	delete(p.open, far)
	p.mu.Unlock()
}
