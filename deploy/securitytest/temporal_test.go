package securitytest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"homeroom/internal/natstest"
)

const apiKey = "tmprl_a_key_that_nobody_may_see"

// TestTemporalOverTLS: the SDK's own variables reach the wire, through the command that operators run.
func TestTemporalOverTLS(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	f.Setup()
	ours := newAuthority(t, "ours")
	theirs := newAuthority(t, "somebody else's")
	front := startFrontend(t, ours)
	clientCert, clientKey := ours.issue("homeroom")
	mutual := map[string]string{
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": ours.file, "TEMPORAL_TLS_SERVER_NAME": "localhost",
		"TEMPORAL_TLS_CLIENT_CERT_PATH": clientCert, "TEMPORAL_TLS_CLIENT_KEY_PATH": clientKey,
	}
	tests := []struct {
		name string
		env  map[string]string
		want string // part of what the command ends with
		key  string // what reached Temporal
		cert string
	}{
		{"a client certificate", mutual, refusal, "", "homeroom"},
		{"an API key, which asks for TLS by itself", map[string]string{
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH": ours.file, "TEMPORAL_TLS_SERVER_NAME": "localhost", "TEMPORAL_API_KEY": apiKey,
		}, refusal, "Bearer " + apiKey, ""},
		{"another CA", map[string]string{
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH": theirs.file, "TEMPORAL_TLS_SERVER_NAME": "localhost", "TEMPORAL_API_KEY": apiKey,
		}, "no Temporal at", "", ""},
		{"another name than the certificate's", map[string]string{
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH": ours.file, "TEMPORAL_TLS_SERVER_NAME": "temporal.example", "TEMPORAL_API_KEY": apiKey,
		}, "no Temporal at", "", ""},
		{"an API key, TLS turned off", map[string]string{"TEMPORAL_TLS": "false", "TEMPORAL_API_KEY": apiKey}, "no Temporal at", "", ""},
		{"a CA that is not there", map[string]string{
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH": "/nowhere/ca.pem", "TEMPORAL_API_KEY": apiKey,
		}, "/nowhere/ca.pem", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TEMPORAL_ADDRESS", front.address)
			t.Setenv("TEMPORAL_CONFIG_FILE", "/nowhere") // the machine's own does not count
			t.Setenv("HOMEROOM_OPS_LISTEN", "127.0.0.1:0")
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			t.Setenv("SENDGRID_API_KEY", "SG.a_key_that_nobody_may_see")
			front.resetSeen()
			out, code := runCommand(t, "serve", "--nats", f.URL("operator"), "--public-url", "https://learn.example.org", "--roles", "worker")
			if code == 0 || !strings.Contains(out, tt.want) {
				t.Errorf("exit code %d, want %q in\n%s", code, tt.want, out)
			}
			if key, cert := front.seen(); key != tt.key || cert != tt.cert {
				t.Errorf("Temporal heard the key %q and the certificate %q, want %q and %q", key, cert, tt.key, tt.cert)
			}
			for _, secret := range []string{apiKey, "SG.a_key", natstest.Passwords()["NATS_OPERATOR_PASSWORD"] + "@"} {
				if strings.Contains(out, secret) {
					t.Errorf("%s is in the output:\n%s", secret, out)
				}
			}
		})
	}
}

// refusal is how the frontend answers every client.
const refusal = "no client is let in today"

// frontend is a Temporal frontend over TLS that records the credentials of a client and refuses it.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	address string

	mu        sync.Mutex
	key, cert string
}

func startFrontend(t *testing.T, a *authority) *frontend {
	t.Helper()
	cert, key := a.issue("temporal")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientCAs:    pool,
		ClientAuth:   tls.VerifyClientCertIfGiven,
		MinVersion:   tls.VersionTLS12,
	})))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &frontend{address: listener.Addr().String()}
	workflowservice.RegisterWorkflowServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return f
}

// GetSystemInfo implements workflowservice.WorkflowServiceServer: what a client asks first.
func (f *frontend) GetSystemInfo(ctx context.Context, _ *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		f.key = strings.Join(md.Get("authorization"), " ")
	}
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			f.cert = info.State.PeerCertificates[0].Subject.CommonName
		}
	}
	return nil, status.Error(codes.PermissionDenied, refusal)
}

func (f *frontend) seen() (key, cert string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.key, f.cert
}

func (f *frontend) resetSeen() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.key = ""
	f.cert = ""
}
