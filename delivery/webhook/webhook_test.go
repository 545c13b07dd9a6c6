package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/targetstandin"
)

// TestTheSignatureOfTheStandard: the example of Standard Webhooks.
func TestTheSignatureOfTheStandard(t *testing.T) {
	secret, err := parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := sign([][]byte{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
}

func TestSecretsAreRead(t *testing.T) {
	good := "# targets\n\ufeffchat " + targetstandin.Secret + "\n\n  chat   whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\nsms " + targetstandin.Secret
	secrets, err := ReadSecrets(strings.NewReader(good))
	if err != nil || len(secrets["chat"]) != 2 || len(secrets["sms"]) != 1 {
		t.Fatalf("%v, %v", len(secrets), err)
	}
	if printed := fmt.Sprintf("%v %+v %#v %s", secrets, secrets, secrets, secrets); strings.Contains(printed, "stand-in") || strings.Contains(printed, "115 116") {
		t.Errorf("printed as %s", printed)
	}
	for _, bad := range []string{"chat", "chat secret", "chat whsec_!!!", "chat whsec_c2hvcnQ=", "Chat " + targetstandin.Secret, "a b c", "chat whsec_" + strings.Repeat("AAAA", 30)} {
		if _, err := ReadSecrets(strings.NewReader("\n" + bad)); err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWhichAddressesArePublic(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1111": true, "::ffff:93.184.216.34": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false,
		"224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "192.0.2.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::7f00:1": false, "fe80::1": false, "fc00::1": false, "fd00:ec2::254": false,
		"64:ff9b::a00:1": false, "2002:7f00:1::": false, "ff02::1": false, "fec0::1": false, "2001:db8::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %t", text, got)
		}
	}
}

// client returns a client that may post to hosts, and that waits longer for an answer than a busy machine takes.
func client(t *testing.T, private ...string) *Client {
	t.Helper()
	return clientWithin(t, time.Minute, private...)
}

// clientWithin returns a client that may post to hosts and waits so long for an answer.
func clientWithin(t *testing.T, timeout time.Duration, private ...string) *Client {
	t.Helper()
	secrets, err := ReadSecrets(strings.NewReader("chat " + targetstandin.Secret))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{Secrets: secrets, PrivateHosts: private, Now: time.Now, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestNoPostToAPrivateAddress: neither by a number, nor by a name, nor in another spelling.
func TestNoPostToAPrivateAddress(t *testing.T) {
	calls := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		_, err := client(t, "elsewhere.internal", "127.0.0.1:1").Post(t.Context(), post("https://"+host+port+"/"))
		var e *delivery.Error
		if !errors.As(err, &e) || e.Class != delivery.Retry || e.RetryAfter != misconfigured || !strings.Contains(e.Message, "not public") && !strings.Contains(e.Message, "could not be reached") {
			t.Errorf("%s: %v", host, err)
		}
	}
	_, err := client(t).Post(t.Context(), post("http://example.com/"))
	if err == nil || !strings.Contains(err.Error(), "not https") {
		t.Errorf("without TLS: %v", err)
	}
	if calls > 0 {
		t.Errorf("%d posts arrived", calls)
	}
}

func post(url string) Post {
	return Post{ID: "snd-1", Target: content.Target{Name: "chat", URL: url}, Body: []byte(`{"specversion":"1.0","id":"snd-1","source":"homeroom","type":"homeroom.message"}`)}
}

// TestWhatAnswersMean holds the class of each answer, and that a redirect is not followed.
func TestWhatAnswersMean(t *testing.T) {
	target, err := targetstandin.New(targetstandin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(target)
	t.Cleanup(server.Close)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	c := client(t, host, strings.TrimPrefix(elsewhere.URL, "http://"))
	for _, test := range []struct {
		fault targetstandin.Fault
		class delivery.Class
		after time.Duration
	}{
		{targetstandin.Fault{Status: 200}, "", 0},
		{targetstandin.Fault{Status: 204}, "", 0},
		{targetstandin.Fault{Status: 400}, delivery.Final, 0},
		{targetstandin.Fault{Status: 413}, delivery.Final, 0},
		{targetstandin.Fault{Status: 422}, delivery.Final, 0},
		{targetstandin.Fault{Status: 401}, delivery.Retry, misconfigured},
		{targetstandin.Fault{Status: 404}, delivery.Retry, misconfigured},
		{targetstandin.Fault{Status: 410}, delivery.Retry, misconfigured},
		{targetstandin.Fault{Status: 307, Location: elsewhere.URL}, delivery.Retry, misconfigured},
		{targetstandin.Fault{Status: 429, RetryAfter: "120"}, delivery.Retry, 2 * time.Minute},
		{targetstandin.Fault{Status: 429, RetryAfter: "99999999999"}, delivery.Retry, 24 * time.Hour},
		{targetstandin.Fault{Status: 503, RetryAfter: "soon"}, delivery.Retry, 0},
		{targetstandin.Fault{Status: 500}, delivery.Retry, 0},
		{targetstandin.Fault{Status: 502, Taken: true}, delivery.Retry, 0},
		{targetstandin.Fault{Reset: true}, delivery.Retry, 0},
		{targetstandin.Fault{Hold: true, Reset: true, Taken: true}, delivery.Retry, 0},
	} {
		target.Fail(test.fault)
		c := c
		if test.fault.Hold {
			c = clientWithin(t, 300*time.Millisecond, host)
		}
		_, err := c.Post(t.Context(), post(server.URL))
		class, after := delivery.Classify(err)
		if err == nil {
			class = ""
		}
		if class != test.class || after != test.after {
			t.Errorf("%+v: %s after %s, %v; want %s after %s", test.fault, class, after, err, test.class, test.after)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Post(ended, post(server.URL)); err == nil {
		t.Error("posted by a caller who has given up")
	}
}

func TestATooLargeMessageIsFinal(t *testing.T) {
	m := delivery.Message{Rendered: content.Rendered{Plain: strings.Repeat("x", MaxBody)}}
	_, err := NewChannel(client(t)).Prepare(engine.Send{ID: "snd-1"}, delivery.Recipient{}, m, content.Outward{})(t.Context())
	if class, _ := delivery.Classify(err); class != delivery.Final || !strings.Contains(err.Error(), "shorten") {
		t.Errorf("got %v", err)
	}
	_, err = NewChannel(client(t)).Prepare(engine.Send{ID: "snd-1"}, delivery.Recipient{}, delivery.Message{}, content.Outward{})(t.Context())
	if class, _ := delivery.Classify(err); class != delivery.Final || !strings.Contains(err.Error(), "no target") {
		t.Errorf("got %v", err)
	}
}

func TestPrivateHostsAreHosts(t *testing.T) {
	for _, bad := range []string{"", "https://push.internal", "*.internal", "a b"} {
		if _, err := New(Options{PrivateHosts: []string{bad}, Now: time.Now}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
