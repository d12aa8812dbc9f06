package proxy_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"

	"plinth/components/workload"
)

const configuration = "/etc/nginx/plinth/nginx.conf"

// parse reads a configuration as nginx 1.26 does: with its directives, where they may stand, and their arguments. What
// it includes is empty.
func parse(text string) (crossplane.Directives, error) {
	payload, err := crossplane.Parse(configuration, &crossplane.ParseOptions{
		StopParsingOnError: true, ErrorOnUnknownDirectives: true, SingleFile: true,
		Open: func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	})
	if err != nil {
		return nil, err
	}
	return payload.Config[0].Parsed, nil
}

// tree is a parsed configuration.
type tree struct {
	t  *testing.T
	in crossplane.Directives
}

func (c tree) all(directive string) []*crossplane.Directive {
	return slices.DeleteFunc(slices.Clone(c.in), func(d *crossplane.Directive) bool { return d.Directive != directive })
}

// block is the content of the only block with this name and these arguments.
func (c tree) block(directive string, args ...string) tree {
	c.t.Helper()
	var found []*crossplane.Directive
	for _, d := range c.all(directive) {
		if slices.Equal(d.Args, args) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		c.t.Fatalf("got %d blocks %s %q, want 1", len(found), directive, args)
	}
	return tree{c.t, found[0].Block}
}

// says are the arguments of each directive of this name.
func (c tree) says(directive string) []string {
	var out []string
	for _, d := range c.all(directive) {
		out = append(out, strings.Join(d.Args, " "))
	}
	return out
}

func (c tree) expect(directive string, want ...string) {
	c.t.Helper()
	if got := c.says(directive); !slices.Equal(got, want) {
		c.t.Errorf("%s: got %q, want %q", directive, got, want)
	}
}

// server is the one that listens on a port.
func (c tree) server(port string) tree {
	c.t.Helper()
	for _, d := range c.block("http").all("server") {
		if server := (tree{c.t, d.Block}); slices.Equal(server.says("listen"), []string{port}) {
			return server
		}
	}
	c.t.Fatalf("no server listens on %s", port)
	return tree{}
}

func TestARequestGoesToTheAppOfItsRouteAndNowhereElse(t *testing.T) {
	c := configured(t, routes("/", "web", "/api/", "api", "/api/v2/", "next"))
	server := c.server("8080")
	server.expect("location", "/-plinth-error/", "/", "/api/", "/api/v2/")
	for path, app := range map[string]string{"/": "web", "/api/": "api", "/api/v2/": "next"} {
		location := server.block("location", path)
		// Through a variable, so that the name is asked for again, and without a path, so that the request's own is kept.
		location.expect("set", "$upstream http://"+app+".shop.svc.cluster.local:80")
		location.expect("proxy_pass", "$upstream")
		location.expect("return")
	}
}

func TestVersionsShareTheRequestsOfARouteByTheirWeights(t *testing.T) {
	args := routes("/", "web", "/api/", "api")
	canary := func(weight int) workload.Backend {
		id := workload.ID{Name: "api-canary", PartOf: "shop-test", Namespace: "shop"}
		return workload.Ports{{Container: 8080, Service: 80}}.Backend(id, weight)
	}
	args.Routes[1].Backends[0].Weight = 95
	args.Routes[1].Backends = append(args.Routes[1].Backends, canary(5))
	http := configured(t, args).block("http")
	split := http.block("split_clients", "$request_id", "$share_1")
	split.expect("5.00%", "http://api-canary.shop.svc.cluster.local:80")
	split.expect("*", "http://api.shop.svc.cluster.local:80")
	location := configured(t, args).server("8080").block("location", "/api/")
	location.expect("set", "$upstream $share_1")
	// The network is open to both.
	rec := deploy(t, args)
	for _, peer := range []string{"api", "api-canary"} {
		if _, err := rec.One("::proxy-to-" + peer); err != nil {
			t.Error(err)
		}
	}
	// Without a weight it gets nothing, and with all of it the other does.
	for weight, to := range map[int]string{0: "api", 100: "api-canary"} {
		args.Routes[1].Backends[0].Weight, args.Routes[1].Backends[1] = 100-weight, canary(weight)
		c := configured(t, args)
		c.block("http").expect("split_clients")
		c.server("8080").block("location", "/api/").expect("set", "$upstream http://"+to+".shop.svc.cluster.local:80")
	}
}

func TestWithoutARouteForEverythingTheRestIsNotFound(t *testing.T) {
	server := configured(t, routes("/api/", "api", "/api", "other")).server("8080")
	server.expect("location", "/-plinth-error/", "/api/", "/api", "/")
	server.block("location", "/").expect("return", "404")
	server.block("location", "/").expect("proxy_pass")
	server.block("location", "/api").expect("set", "$upstream http://other.shop.svc.cluster.local:80")
}

func TestTimeoutsAndSizesAreThoseAskedFor(t *testing.T) {
	args := routes("/", "web", "/api/", "api")
	args.BodySize, args.ConnectTimeout, args.SendTimeout, args.ReadTimeout = "20m", 2, 30, 45
	args.App.Resources.Limits.CPU = "2500m"
	c := configured(t, args)
	c.expect("worker_processes", "3")
	c.block("http").expect("client_max_body_size", "20m")
	for _, path := range []string{"/", "/api/"} {
		location := c.server("8080").block("location", path)
		location.expect("proxy_connect_timeout", "2s")
		location.expect("proxy_send_timeout", "30s")
		location.expect("proxy_read_timeout", "45s")
	}
}

func TestTheAppLearnsWhoAskedAndHow(t *testing.T) {
	c := configured(t, routes("/", "web"))
	location := c.server("8080").block("location", "/")
	location.expect("proxy_http_version", "1.1")
	location.expect("proxy_set_header",
		"Host $http_host", "X-Real-IP $remote_addr", "X-Forwarded-For $remote_addr", "X-Forwarded-Host $http_host",
		"X-Forwarded-Proto $forwarded_proto", "X-Request-ID $request_id", "Upgrade $http_upgrade",
		"Connection $connection_upgrade")
	c.block("http").block("map", "$http_upgrade", "$connection_upgrade").expect("default", "upgrade")
}

func TestNobodyIsBelievedWithoutTrustedProxies(t *testing.T) {
	http := configured(t, routes("/", "web")).block("http")
	for _, directive := range []string{"set_real_ip_from", "real_ip_header", "real_ip_recursive", "geo"} {
		http.expect(directive)
	}
	http.block("map", "", "$forwarded_proto").expect("default", "$scheme")
	http.expect("map", "$http_upgrade $connection_upgrade", " $forwarded_proto")
}

func TestTrustedProxiesAreBelievedAndNobodyElse(t *testing.T) {
	args := routes("/", "web")
	args.TrustedProxies = []string{"10.0.0.0/8", "fd00::/8"}
	http := configured(t, args).block("http")
	http.expect("set_real_ip_from", "10.0.0.0/8", "fd00::/8")
	http.expect("real_ip_header", "X-Forwarded-For")
	http.expect("real_ip_recursive", "on")
	// Whom to believe is judged by the address of the connection, not by the one that the header claims.
	trusted := http.block("geo", "$realip_remote_addr", "$trusted")
	trusted.expect("default", "0")
	trusted.expect("10.0.0.0/8", "1")
	trusted.expect("fd00::/8", "1")
	proto := http.block("map", "$trusted $http_x_forwarded_proto", "$forwarded_proto")
	proto.expect("default", "$scheme")
	proto.expect("1 https", "https")
}

func TestErrorsOfTheProxyHavePagesThatNobodyCanAskFor(t *testing.T) {
	server := configured(t, routes("/", "web")).server("8080")
	var want []string
	for _, status := range []int{404, 413, 502, 503, 504} {
		want = append(want, fmt.Sprintf("%d /-plinth-error/%d.html", status, status))
	}
	server.expect("error_page", want...)
	pages := server.block("location", "/-plinth-error/")
	pages.expect("internal", "")
	pages.expect("alias", "/etc/nginx/plinth/pages/")
	// An error of the application is the application's to show.
	server.expect("proxy_intercept_errors")

	args := routes("/", "web")
	args.ErrorPages = map[int]string{418: "<p>a teapot</p>"}
	configured(t, args).server("8080").expect("error_page",
		want[0], want[1], "418 /-plinth-error/418.html", want[2], want[3], want[4])
}

func TestAddressesOfAppsAreAskedForAnew(t *testing.T) {
	http := configured(t, routes("/", "web")).block("http")
	http.expect("include", "/tmp/resolver.conf", "/etc/nginx/mime.types")
	http.expect("resolver_timeout", "3s")
	// An upstream block would be resolved once.
	http.expect("upstream")
}

func TestOnlyTmpIsWrittenTo(t *testing.T) {
	c := configured(t, routes("/", "web"))
	c.expect("pid", "/tmp/nginx.pid")
	c.expect("error_log", "/dev/stderr warn")
	http := c.block("http")
	http.expect("access_log", "/dev/stdout")
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		http.expect(kind+"_temp_path", "/tmp/"+kind)
	}
	http.expect("server_tokens", "off")
}

func TestHealthIsOnAPortOfItsOwn(t *testing.T) {
	server := configured(t, routes("/", "web")).server("8081")
	server.expect("location", "= /healthz", "/")
	server.block("location", "=", "/healthz").expect("return", "200 ok\\n")
	server.block("location", "/").expect("return", "404")
}

func TestABrokenConfigurationIsSeen(t *testing.T) {
	text := rendered(t, routes("/", "web"))
	if _, err := parse(text); err != nil {
		t.Fatalf("the configuration is refused: %v", err)
	}
	for what, c := range map[string]struct{ from, to, want string }{
		"a block that is not closed": {"404; }\n  }\n}", "404; }\n  }\n", "unexpected end of file"},
		"a missing semicolon":        {"proxy_pass $upstream;", "proxy_pass $upstream", "invalid number of arguments"},
		"an unknown directive":       {"proxy_pass ", "proxy_parse ", `unknown directive "proxy_parse"`},
		"a missing argument":         {"client_max_body_size 10m;", "client_max_body_size;", "invalid number of arguments"},
		"a directive out of place":   {"server_tokens off;", "internal;", "directive is not allowed here"},
	} {
		broken := strings.Replace(text, c.from, c.to, 1)
		if broken == text {
			t.Errorf("%s: the configuration does not hold %q", what, c.from)
		}
		if _, err := parse(broken); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want %q", what, err, c.want)
		}
	}
}
