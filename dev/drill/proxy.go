package drill

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// proxy stands between Homeroom and a server. Cut, it breaks every connection and refuses new ones, as a server does that
// is away; its address stays, and the server behind it may change.
type proxy struct {
	address string

	mu       sync.Mutex
	target   string
	listener net.Listener // nil: cut
	open     map[net.Conn]bool
	closed   bool
	tasks    sync.WaitGroup
}

// newProxy listens on a free port of this machine and passes everything on to the target, "127.0.0.1:4222".
func newProxy(target string) (*proxy, error) {
	p := &proxy{target: target, address: "127.0.0.1:0", open: map[net.Conn]bool{}}
	if err := p.listenAgain(); err != nil {
		return nil, err
	}
	p.address = p.listener.Addr().String()
	return p, nil
}

// setTarget changes what is behind it.
func (p *proxy) setTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// listenAgain lets connections through again.
func (p *proxy) listenAgain() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.closed {
		return nil
	}
	door, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("a proxy that was cut cannot listen at %s again: %w", p.address, err)
	}
	p.listener = door
	p.tasks.Go(func() { p.acceptConnections(door) })
	return nil
}

// cutConnections breaks everything and refuses what comes.
func (p *proxy) cutConnections() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	for conn := range p.open {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, not a goodbye
		}
		_ = conn.Close()
	}
	clear(p.open)
}

// closeForGood ends it for good.
func (p *proxy) closeForGood() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cutConnections()
	p.tasks.Wait()
}

func (p *proxy) acceptConnections(door net.Listener) {
	for {
		conn, err := door.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.tasks.Go(func() { p.forwardConnection(door, conn) })
		}
	}
}

func (p *proxy) forwardConnection(door net.Listener, near net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	far, err := net.Dial("tcp", target)
	if err != nil {
		_ = near.Close()
		return
	}
	p.mu.Lock()
	if p.listener != door { // cut meanwhile
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
			_, _ = io.Copy(way[0], way[1]) // its end is the connection's, whatever ended it
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
