package doctor

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"homeroom/edge"
)

// checkPublicURL looks at where learners come in. It may well not be reachable from here, which is a warning; what answers instead of an edge is a failure.
func (e *examination) checkPublicURL(ctx context.Context) {
	if e.opts.PublicURL == "" {
		e.reportNotChecked("it is not given (--public-url, HOMEROOM_PUBLIC_URL)", "public-url")
		return
	}
	base, err := url.Parse(e.opts.PublicURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		e.reportFailure("public-url", fmt.Sprintf("%q is not an address", e.opts.PublicURL), "write it as https://learn.example.org")
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(e.opts.PublicURL, "/")+edge.CheckPath, nil)
	if err != nil {
		e.reportFailure("public-url", err.Error(), "write it as https://learn.example.org")
		return
	}
	const passOn = "have the proxy pass this address on to `homeroom serve --listen`, its path included, or correct --public-url of every process; an edge of an earlier version does not know the question"
	const do = "if learners can open it this is of this machine only; else look at DNS, the certificate, and that the proxy passes everything on to `homeroom serve --listen`"
	response, err := e.opts.HTTP.Do(request)
	if err != nil {
		e.reportWarning("public-url", "not reachable from here: "+err.Error(), do)
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxCheckAnswer))
	if err != nil {
		e.reportWarning("public-url", "not reachable from here: "+err.Error(), do)
		return
	}
	installation, ours := edge.ParseCheck(answer)
	switch {
	case response.StatusCode == http.StatusNotFound, response.StatusCode == http.StatusGone, response.StatusCode == http.StatusMethodNotAllowed:
		e.reportFailure("public-url", fmt.Sprintf("%s answers %d, as no edge of this version does: if links in mails lead there, nobody can unsubscribe", response.Request.URL, response.StatusCode), passOn)
	case response.StatusCode != http.StatusOK:
		e.reportWarning("public-url", fmt.Sprintf("%s answers %d", request.URL, response.StatusCode), do)
	case !ours:
		e.reportFailure("public-url", fmt.Sprintf("%s is answered by something else than Homeroom (%s from %s): links in mails lead there, and nobody can unsubscribe", request.URL, describeType(response), response.Request.URL.Host), passOn)
	case len(e.edges) > 0 && !slices.Contains(e.edges, installation):
		e.reportFailure("public-url", request.URL.String()+" is answered by an edge of another installation: it refuses the links of this one",
			"correct --public-url of every process, or have the proxy pass the address on to an edge of this installation")
	case base.Scheme != "https" && !isLoopback(e.opts.PublicURL):
		e.reportWarning("public-url", "reachable without TLS: learners' links can be read on their way, and mail providers want HTTPS", "put a proxy with a certificate in front and use its https:// address")
	default:
		e.reportOK("public-url", e.opts.PublicURL+" answers")
	}
}

// maxCheckAnswer bounds what is read of an answer.
const maxCheckAnswer = 4096

// describeType says what kind of document an answer is.
func describeType(response *http.Response) string {
	kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	return cmp.Or(kind, "a document without a type")
}
