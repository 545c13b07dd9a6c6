package servers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/cors"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

// UIOptions describe one Temporal UI.
type UIOptions struct {
	Port            int          // 0: a free one
	TemporalAddress string       // host:port of the Temporal frontend
	Namespace       string       // shown first; empty: "default"
	Log             *slog.Logger // receives errors; nil drops them
}

// UI is a running Temporal UI.
type UI struct {
	server  *http.Server
	conn    *grpc.ClientConn
	address string
	stop    stopOnce
}

// StartUI starts the Temporal UI and returns when it takes connections.
//
// It uses the parts of the UI server but not the server itself, because that one ends the process when it cannot listen,
// does not say which free port it took, and leaves its connection to Temporal open.
func StartUI(_ context.Context, o UIOptions) (*UI, error) {
	ln, err := net.Listen("tcp", loopbackAddress(o.Port))
	if err != nil {
		return nil, fmt.Errorf("start the Temporal UI: %w", errors.Join(CheckPort(o.Port), err))
	}
	log := orDiscard(o.Log).With("server", "temporal-ui")
	handler, conn, err := uiHandler(o)
	if err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("start the Temporal UI: %w", err)
	}
	u := &UI{
		conn:    conn,
		address: ln.Addr().String(),
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
		},
	}
	go func() {
		if err := u.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the Temporal UI stopped serving", "error", err)
		}
	}()
	return u, nil
}

func uiHandler(o UIOptions) (http.Handler, *grpc.ClientConn, error) {
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	provider, err := config.NewConfigProviderWithRefresh(&config.Config{
		TemporalGRPCAddress: o.TemporalAddress,
		DefaultNamespace:    o.Namespace,
		EnableUI:            true,
		HideLogs:            true,
		DisableNewsFetch:    true, // nothing may call home
		CORS:                config.CORS{CookieInsecure: true},
	})
	if err != nil {
		return nil, nil, err
	}
	assets, err := ui.Assets()
	if err != nil {
		return nil, nil, err
	}
	if assets, err = fs.Sub(assets, "local"); err != nil {
		return nil, nil, err
	}
	conn, err := api.CreateGRPCConnection(provider)
	if err != nil {
		return nil, nil, err
	}
	e := echo.New()
	e.Use(middleware.Recover(), middleware.Gzip(), middleware.Secure())
	e.Use(cors.CORSMiddleware(cors.CORSConfig{AllowCredentials: true, ConfigProvider: provider}))
	e.Use(csrf.EnsureTokenCookie(false), middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, false)))
	route.SetHealthRoute(e)
	forward := []api.Middleware{headers.WithForwardHeaders([]string{"Caller-Type"})}
	calls := e.Group("/api/v1")
	calls.GET("/settings", api.GetSettings(provider))
	calls.GET("/ui-extensions", api.GetUIExtensions(provider, api.TemporalAccessCheck(conn, forward)))
	calls.GET(api.WorkflowRawHistoryUrl, api.WorkflowRawHistoryHandler(workflowservice.NewWorkflowServiceClient(conn)))
	calls.Any("/*", api.TemporalAPIHandler(provider, forward, conn))
	if err := route.SetUIRoutes(e, "", assets, provider); err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	route.SetRenderRoute(e, "/")
	return e, conn, nil
}

// URL is the page to open, e.g. http://127.0.0.1:8233.
func (u *UI) URL() string { return "http://" + u.address }

// Stop lets open requests finish until ctx ends. It may be called twice.
func (u *UI) Stop(ctx context.Context) error {
	return u.stop.stopWithin(ctx, "the Temporal UI", func() error {
		err := u.server.Shutdown(ctx)
		if err != nil {
			_ = u.server.Close()
		}
		return errors.Join(err, u.conn.Close())
	})
}
