// Package proxy is the way in to an environment's applications: nginx, not root and on port 8080, which passes each
// request on to the application with the longest path that it starts with.
package proxy

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"

	"plinth/components/app"
	"plinth/components/binding"
	"plinth/components/workload"
)

//go:embed nginx.conf.tmpl
var configuration string

//go:embed start.sh
var start string

const (
	configFile  = "/etc/nginx/plinth/nginx.conf"
	startFile   = "/etc/nginx/plinth/start.sh"
	pagesFolder = "/etc/nginx/plinth/pages"

	// User is nginx in the official unprivileged image.
	User = 101
)

// ports is the one list: http is what clients reach.
var ports = workload.Ports{{Name: "http", Container: 8080, Service: 80}, {Name: "health", Container: 8081}}

// Health is where the proxy says that it is well: a path, and the port of the container.
func Health() (path string, port int) { return "/healthz", ports[1].Container }

// Backend is the proxy as what is in front of it sees it.
func (p *Proxy) Backend(id workload.ID) workload.Backend { return ports.Backend(id, 100) }

// Proxy is nginx in front of applications. A change of its configuration rolls it; a request that is under way is
// finished first. An application that is down answers with 502 and its page, not with a wait.
type Proxy struct {
	pulumi.ResourceState

	// App is nginx as a workload.
	App *app.App
}

// Args says what is proxied, and how.
type Args struct {
	// App says what nginx is as a workload: everything but its ports, command, files, probes, edges and user, which are
	// the proxy's own.
	App app.Args
	// Routes lead to applications. At least one.
	Routes []Route
	// BodySize is the greatest body of a request, as nginx writes sizes: 10m.
	BodySize string
	// ConnectTimeout, SendTimeout and ReadTimeout are how long, in seconds, an application may take to accept a
	// connection, and between two reads or writes.
	ConnectTimeout, SendTimeout, ReadTimeout int
	// TrustedProxies are the ranges of those in front of this proxy that are believed when they say who the client is.
	TrustedProxies []string
	// ErrorPages are HTML pages by status, for the errors that nginx itself answers with, over [DefaultErrorPages].
	ErrorPages map[int]string
}

// Route leads to an application.
type Route struct {
	// Path is what requests start with: /api/. The longest one that fits wins.
	Path string
	// Backends share the requests by their weights, each request on its own. At least one, with a weight.
	Backends []workload.Backend
	// Ready is waited for before the proxy starts.
	Ready []pulumi.Resource
}

// New makes the proxy.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Proxy, error) {
	p := &Proxy{}
	if err := ctx.RegisterComponentResource("plinth:proxy:Proxy", name, p, opts...); err != nil {
		return nil, fmt.Errorf("registering proxy %s: %w", name, err)
	}
	text, err := args.render()
	if err != nil {
		return nil, fmt.Errorf("proxy %s: writing its configuration: %w", name, err)
	}
	workloads := args.App
	user := User
	workloads.User, workloads.Ports = &user, ports
	workloads.Command, workloads.Args = []string{"/bin/sh", startFile}, nil
	workloads.Files = map[string]string{configFile: text, startFile: start}
	for status, page := range args.pages() {
		workloads.Files[fmt.Sprintf("%s/%d.html", pagesFolder, status)] = page
	}
	workloads.Readiness = &workload.Probe{Path: "/healthz", Port: "health", Period: 5}
	workloads.Liveness = &workload.Probe{TCP: true, Port: "http", Period: 10}
	workloads.Bindings = []binding.Binding{args.binding()}
	if p.App, err = app.New(ctx, name, &workloads, pulumi.Parent(p)); err != nil {
		return nil, err
	}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"url": pulumi.String(p.App.URL)})
}

// binding is what the routes need: a way to each backend once, and that it is there.
func (a *Args) binding() binding.Binding {
	b := binding.Binding{}
	seen := map[string]bool{}
	for _, r := range a.Routes {
		for i, backend := range r.Backends {
			if seen[backend.Service] {
				continue
			}
			seen[backend.Service] = true
			b.Edges = append(b.Edges, backend.Pods)
			if i == 0 {
				b.Ready = append(b.Ready, r.Ready...)
			}
		}
	}
	return b
}

// share is a backend's part of the requests, as nginx has it:
// https://nginx.org/en/docs/http/ngx_http_split_clients_module.html.
type share struct{ Part, URL string }

// shares are those of backends with a weight, the last of which gets the rest.
func shares(backends []workload.Backend) []share {
	total := 0
	for _, b := range backends {
		total += b.Weight
	}
	var out []share
	for _, b := range slices.Backward(backends) {
		if b.Weight > 0 {
			out = append(out, share{fmt.Sprintf("%.2f%%", 100*float64(b.Weight)/float64(total)), b.URL("http")})
		}
	}
	if len(out) > 0 {
		out[len(out)-1].Part = "*"
	}
	return out
}

// render is nginx.conf.
func (a *Args) render() (string, error) {
	type page struct{ Status int }
	type route struct {
		Path, Upstream string
		Shares         []share
	}
	limit, err := resource.ParseQuantity(a.App.Resources.Limits.CPU)
	if err != nil {
		return "", fmt.Errorf("CPU limit %q: %w", a.App.Resources.Limits.CPU, err)
	}
	values := struct {
		*Args
		Port, HealthPort int
		// Workers is one for each core that the container may use; left to itself nginx counts the node's.
		Workers     int64
		PagesFolder string
		Pages       []page
		Routes      []route
		HasRoot     bool
	}{
		Args: a, Port: ports[0].Container, HealthPort: ports[1].Container, Workers: limit.Value(), PagesFolder: pagesFolder,
	}
	for _, status := range slices.Sorted(maps.Keys(a.pages())) {
		values.Pages = append(values.Pages, page{status})
	}
	for i, r := range a.Routes {
		parts := shares(r.Backends)
		if len(parts) == 0 {
			return "", fmt.Errorf("route %s: no backend has a weight", r.Path)
		}
		to := route{Path: r.Path, Upstream: parts[0].URL}
		if len(parts) > 1 {
			to.Upstream, to.Shares = fmt.Sprintf("$share_%d", i), parts
		}
		values.Routes = append(values.Routes, to)
		values.HasRoot = values.HasRoot || r.Path == "/"
	}
	t, err := template.New("nginx.conf").Parse(configuration)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, values)
	return out.String(), err
}

func (a *Args) pages() map[int]string {
	pages := DefaultErrorPages()
	maps.Copy(pages, a.ErrorPages)
	return pages
}

// DefaultErrorPages say in plain words what went wrong, and nothing about what is behind.
func DefaultErrorPages() map[int]string {
	page := func(title, text string) string {
		return fmt.Sprintf("<!doctype html><html lang=en><meta charset=utf-8><title>%s</title>"+
			"<body style=\"font-family:sans-serif;margin:15vh auto;max-width:30em\"><h1>%s</h1><p>%s</p></body></html>\n",
			title, title, text)
	}
	down := "The application does not answer at the moment. Please try again in a minute."
	return map[int]string{
		404: page("Not found", "There is nothing at this address."),
		413: page("Too large", "What was sent is larger than this site accepts."),
		502: page("Not available", down),
		503: page("Not available", down),
		504: page("No answer in time", down),
	}
}
