package config

import (
	"net/url"
	"path"
	"strings"
)

// gitOps: a repository and a folder in it.
func (c *checker) gitOps() {
	g := &c.GitOps
	if !g.HandsOver() {
		c.check("gitops.path", g.Path == "", "must not be set without repository, got %s", quoted(g.Path))
		return
	}
	address, err := url.Parse(g.Repository)
	ssh := strings.HasPrefix(g.Repository, "git@") && strings.Contains(g.Repository, ":")
	c.check("gitops.repository", ssh || err == nil && address.Host != "" && address.User == nil,
		"must be the URL of a repository, without credentials, got %s", quoted(g.Repository))
	inside := !path.IsAbs(g.Path) && g.Path == path.Clean(g.Path) && !strings.HasPrefix(g.Path, "..")
	c.check("gitops.path", g.Path != "" && inside,
		"must be a folder in the repository, without . or .., got %s", quoted(g.Path))
	c.check("gitops.revision", g.Revision != "", "must not be empty")
	c.label("gitops.namespace", g.Namespace)
	c.between("gitops.timeout", g.Timeout, 10, 86400)
}
