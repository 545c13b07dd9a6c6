package temporaltest

import (
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// StartRefusing returns the address of a Temporal that refuses every request, until the end of the test. A client gives up at once; it tries an address at which nobody listens for
// five seconds.
func StartRefusing(t testing.TB) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(any, grpc.ServerStream) error { return status.Error(codes.PermissionDenied, "no client is let in") }
	server := grpc.NewServer(grpc.UnknownServiceHandler(refuse))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}
