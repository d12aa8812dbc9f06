package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	secretsSection   = "secrets"
	operatorsSection = "operators"
)

var (
	// refresh is a duration as both operators read it.
	refresh = regexp.MustCompile(`^[0-9]+(s|m|h)$`)
	// vaultPath consists of characters that mean nothing in a policy, in a URL or in a shell.
	vaultPath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)
	// ciphertext is standard base64 of at least the length of an RSA block.
	ciphertext = regexp.MustCompile(`^[A-Za-z0-9+/]{300,}={0,2}$`)
)

// The values that a signing key stands for.
const (
	privateKey = "-private"
	publicKey  = "-public"
)

// SecretNames are the names of the values that an app reads, each once, sorted.
func (a App) SecretNames() []string {
	names := slices.Concat(slices.Collect(maps.Values(a.Secrets)), slices.Collect(maps.Values(a.SecretFiles)))
	slices.Sort(names)
	return slices.Compact(names)
}

// SigningKey is the key pair that a value is of, and whether it is the private half; "" for a value that is of none.
func (s Secrets) SigningKey(value string) (pair string, private bool) {
	for _, pair := range s.SigningKeys {
		if value == pair+privateKey || value == pair+publicKey {
			return pair, value == pair+privateKey
		}
	}
	return "", false
}

// secretsBackend: what is said of backends, of the one in use above all.
func (c *checker) secretsBackend() {
	section := at(secretsSection)
	if !c.sound(section) {
		return
	}
	s := c.Secrets
	every, err := time.ParseDuration(s.Refresh)
	c.check(at(secretsSection, "refresh"), refresh.MatchString(s.Refresh) && err == nil &&
		every >= 5*time.Second && every <= 24*time.Hour,
		"must be a whole number of s, m or h from 5s to 24h, such as 1m, got %s", quoted(s.Refresh))
	used := map[string]bool{}
	for _, app := range c.Apps {
		for _, name := range app.SecretNames() {
			used[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Keys)) {
		key := at(secretsSection, "keys", name)
		c.check(key, used[name], "must be the name of a value that an app reads; %s",
			suggestion(name, slices.Sorted(maps.Keys(used))))
		c.check(key, secretEntry.MatchString(s.Keys[name]),
			"must be a key of letters, digits, hyphens, dots and underscores, got %s", quoted(s.Keys[name]))
	}
	for i, pair := range s.SigningKeys {
		key := index(at(secretsSection, "signingKeys"), i)
		c.check(key, secretName.MatchString(pair) && len(pair) <= 50,
			"must be a name of at most 50 letters, digits, hyphens and underscores that starts with a letter, got %s",
			quoted(pair))
		c.check(key, slices.Index(s.SigningKeys, pair) == i, "must be there once only, got %s", quoted(pair))
		for _, half := range []string{privateKey, publicKey} {
			_, taken := c.SecretValues[pair+half]
			c.check(key, !taken, "must not be there together with %s", at(secretSection, pair+half))
		}
	}
	c.generated()
	c.existingSecrets()
	c.sealedValues()
	c.externalSecrets()
	c.vault()
	c.operators()
}

// Makes lists what the stack makes secret values for, by path; where that goes is up to secrets.generated.
func (c *Config) Makes() []string {
	var made []string
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		made = append(made, at("databases", name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Buckets)) {
		// Keys in secretValues are not made, but go the same way.
		bucket := c.Buckets[name]
		if bucket.Engine == MinIOBucket || bucket.External != nil && bucket.External.Keys.Secret == "" {
			made = append(made, at("buckets", name))
		}
	}
	for i := range c.Secrets.SigningKeys {
		made = append(made, index(at(secretsSection, "signingKeys"), i))
	}
	return made
}

// WritesToVault says whether what the stack makes goes there.
func (c *Config) WritesToVault() bool {
	return c.usesVault() && c.Secrets.Generated == GeneratedInBackend && len(c.Makes()) > 0
}

// generated: what the stack makes can be written to the backend.
func (c *checker) generated() {
	s := c.Secrets
	certificate := at(secretsSection, "certificate")
	if s.Certificate != "" {
		c.check(certificate, sealingKey(s.Certificate), "must be a certificate with an RSA key, in PEM, such as "+
			"`kubeseal --fetch-cert` prints")
	}
	made := c.Makes()
	if s.Generated != GeneratedInBackend || len(made) == 0 || !c.sound(at(secretsSection, "backend")) {
		return
	}
	const otherwise = "; or set secrets.generated to kubernetes, and Pulumi writes Secrets"
	what := strings.Join(made, ", ")
	if s.Backend == SealedSecrets {
		c.check(certificate, s.Certificate != "", "is required: what the stack makes for %s is sealed with it, print it "+
			"with: kubeseal --fetch-cert"+otherwise, what)
	}
	if c.usesVault() {
		c.check(at(secretsSection, "vault", "writer", "token"), s.Vault.Writer.Token != "",
			"is required: what the stack makes for %s is written to Vault with it"+otherwise, what)
	}
}

// sealingKey says whether a text is a certificate with an RSA key.
func sealingKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false
	}
	_, ok := certificate.PublicKey.(*rsa.PublicKey)
	return ok
}

func (c *checker) existingSecrets() {
	for _, app := range slices.Sorted(maps.Keys(c.Secrets.Existing)) {
		key := at(secretsSection, "existing", app)
		c.ofApp(key, app)
		name := c.Secrets.Existing[app]
		c.check(key, name != "", "must be the name of a Secret, got nothing")
		c.secretObject(key, name)
	}
}

// ofApp: a key that is the name of an app.
func (c *checker) ofApp(key, app string) {
	_, found := c.Apps[app]
	c.check(key, found, "must be the name of an app, got %s; %s", quoted(app), suggestion(app, c.appNames()))
}

func (c *checker) sealedValues() {
	for _, name := range slices.Sorted(maps.Keys(c.Secrets.Sealed)) {
		key := at(secretsSection, "sealed", name)
		c.check(key, secretName.MatchString(name),
			"must have a name of at most 63 letters, digits, hyphens and underscores that starts with a letter")
		// It may be a value in the clear: it is not repeated.
		c.check(key, ciphertext.MatchString(c.Secrets.Sealed[name]), "must be ciphertext; make it with: %s", c.seal())
	}
}

// seal is the command that encrypts a value for the controller.
func (c *checker) seal() string {
	return "kubeseal --raw --scope namespace-wide --namespace " + c.Namespace.Name + " --from-file=/dev/stdin"
}

func (c *checker) externalSecrets() {
	e, section := c.Secrets.External, at(secretsSection, "external")
	inUse := c.Secrets.Backend == ExternalBackend && c.sound(at(secretsSection, "backend")) && e.Store == ClusterStore
	namespace := at(section, "namespace")
	c.check(namespace, e.Namespace != "" || !inUse, "is required with the store cluster: it says where the Secrets are")
	c.check(namespace, e.Namespace == "" || isLabel(e.Namespace), "must be %s, got %s", labelRule, quoted(e.Namespace))
	c.check(namespace, e.Namespace == "" || e.Namespace != c.Namespace.Name,
		"must not be the stack's own: use the backend existing for Secrets that are there, got %s", quoted(e.Namespace))
	for _, app := range slices.Sorted(maps.Keys(e.Entries)) {
		key := at(section, "entries", app)
		c.ofApp(key, app)
		if e.Store == ManagedStore {
			c.check(key, managedEntry.MatchString(e.Entries[app]), "must be the name of an entry: letters, digits, "+
				"hyphens, underscores and, on AWS, /+=.@, got %s", quoted(e.Entries[app]))
			continue
		}
		c.check(key, e.Entries[app] != "", "must be the name of a Secret, got nothing")
		c.secretObject(key, e.Entries[app])
	}
	c.managedStore(section, e)
}

// managedEntry is what an entry of a cloud's secret manager may be called.
var managedEntry = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,255}$`)

// managedStore: a cloud that keeps it, a time that it offers, and values for what Pulumi writes.
func (c *checker) managedStore(section string, e ExternalSecrets) {
	recovery := at(section, "recovery")
	c.check(recovery, !c.sound(recovery) || e.Recovery == 0 || e.Recovery >= 7 && e.Recovery <= 30,
		"must be 0, or from 7 to 30 days, got %d", e.Recovery)
	if c.Secrets.Backend != ExternalBackend || e.Store != ManagedStore || !c.sound("cloud") {
		return
	}
	store := at(section, "store")
	c.check(store, c.Cloud != Existing, "must not be managed with plinth:cloud existing, since nothing is known of a "+
		"cloud around that cluster: set plinth:cloud to aws or gcp, or the store to cluster or vault")
	c.check(store, c.Cloud != OnAWS || c.Network.NAT != NATNone,
		"must not be managed with network.nat none on aws: External Secrets could not reach Secrets Manager")
	for _, app := range c.appNames() {
		if _, theirs := e.Entries[app]; theirs {
			continue
		}
		for _, uses := range []struct {
			key    string
			values map[string]string
		}{{"secrets", c.Apps[app].Secrets}, {"secretFiles", c.Apps[app].SecretFiles}} {
			for _, name := range slices.Sorted(maps.Keys(uses.values)) {
				if pair, _ := c.Secrets.SigningKey(uses.values[name]); pair == "" {
					c.secretValue(at("apps", app, uses.key, name), uses.values[name])
				}
			}
		}
	}
}

// usesVault says whether values come from there.
func (c *Config) usesVault() bool {
	s := c.Secrets
	return s.Backend == VaultSecrets || s.Backend == ExternalBackend && s.External.Store == VaultStore
}

func (c *checker) vault() {
	v, section := c.Secrets.Vault, at(secretsSection, "vault")
	address := at(section, "address")
	c.check(address, v.Address != "" || !c.usesVault(), "is required with the backend %s: it says where Vault is",
		c.Secrets.Backend)
	if v.Address != "" {
		c.check(address, serverURL(v.Address), "must be "+serverRule+", got %s", quoted(v.Address))
		c.check(address, c.Tier == Dev || strings.HasPrefix(v.Address, "https://") || !c.sound("tier"),
			"must be https outside dev, because tokens and values would be there for all to read, got %s",
			quoted(v.Address))
		_, installed := c.Operators[OperatorOf(c.Secrets.Backend)]
		_, inside := v.Service()
		c.check(at(section, "cidrs"), inside || len(v.CIDRs) > 0 || !installed || !c.usesVault() || !c.sound(address),
			"must not be empty: the operator could not reach %s, which is not a Service of the cluster", quoted(v.Address))
	}
	for i, cidr := range v.CIDRs {
		c.cidr(index(at(section, "cidrs"), i), cidr)
	}
	c.vaultWriter(at(section, "writer"), v.Writer)
	for _, part := range []named{{"mount", v.Mount}, {"auth", v.Auth}} {
		c.check(at(section, part.key), vaultPath.MatchString(part.name), "must be %s, got %s", pathRule, quoted(part.name))
	}
	for _, part := range []named{{"role", v.Role}, {"audience", v.Audience}} {
		c.check(at(section, part.key), vaultPath.MatchString(part.name) && !strings.Contains(part.name, "/"),
			"must be of letters, digits, hyphens, dots and underscores, got %s", quoted(part.name))
	}
	c.secretObject(at(section, "authority"), v.Authority)
	for _, app := range slices.Sorted(maps.Keys(v.Paths)) {
		key, entry := at(section, "paths", app), v.Paths[app]
		c.ofApp(key, app)
		c.check(key, vaultPath.MatchString(entry), "must be %s, got %s", pathRule, quoted(entry))
		c.check(key, !strings.HasPrefix(entry, v.Mount+"/") || !c.sound(at(section, "mount")),
			"must not begin with the engine's path (%s/): it is the path below it, got %s", v.Mount, quoted(entry))
		c.check(key, !strings.HasPrefix(entry, "data/"),
			"must not begin with data/, which version 2 of the engine adds by itself, got %s", quoted(entry))
	}
}

// vaultWriter: a token that is there, and a URL.
func (c *checker) vaultWriter(section string, w VaultWriter) {
	if w.Token != "" {
		c.secretValue(at(section, "token"), w.Token)
	}
	if address := at(section, "address"); w.Address != "" && w.Address != c.Secrets.Vault.Address {
		c.check(address, serverURL(w.Address), "must be "+serverRule+", got %s", quoted(w.Address))
		c.check(address, c.Tier == Dev || strings.HasPrefix(w.Address, "https://") || !c.sound("tier"),
			"must be https outside dev, because tokens and values would be there for all to read, got %s",
			quoted(w.Address))
	}
}

const serverRule = "a URL of a scheme and a host, such as https://vault.example.com:8200"

// serverURL says whether a text is a URL of a scheme and a host, and maybe a port.
func serverURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && (u.Scheme == "https" || u.Scheme == "http") &&
		u.Scheme+"://"+u.Host == text && (u.Port() == "" || isPortText(u.Port()))
}

const pathRule = "a path of letters, digits, hyphens, dots and underscores, with slashes between them and none at " +
	"its ends"

// Service is the namespace of the Service that Vault is in this cluster, if it is one.
func (v Vault) Service() (namespace string, found bool) {
	u, err := url.Parse(v.Address)
	if err != nil {
		return "", false
	}
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) >= 3 && parts[2] == "svc" {
		return parts[1], true
	}
	return "", false
}

// operators: known ones, in namespaces of their own, and the one that the backend needs.
func (c *checker) operators() {
	known := OperatorImages()
	names := slices.Sorted(maps.Keys(known))
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Operators)) {
		key, operator := at(operatorsSection, name), c.Operators[name]
		images, found := known[name]
		c.check(key, found, "must be the name of an operator; %s", suggestion(name, names))
		if !found || !c.sound(key) {
			continue
		}
		namespace := at(key, "namespace")
		c.check(namespace, isLabel(operator.Namespace), "must be %s, got %s", labelRule, quoted(operator.Namespace))
		c.check(namespace, operator.Namespace != c.Namespace.Name && operator.Namespace != "default" &&
			!strings.HasPrefix(operator.Namespace, "kube-"),
			"must be a namespace of the operator's own, got %s", quoted(operator.Namespace))
		other, taken := seen[operator.Namespace]
		c.check(namespace, !taken, "must not be that of %s too, got %s", other, quoted(operator.Namespace))
		seen[operator.Namespace] = at(operatorsSection, name)
		c.between(at(key, "timeout"), operator.Timeout, 30, 3600)
		for _, purpose := range slices.Sorted(maps.Keys(operator.Images)) {
			image := at(key, "images", purpose)
			c.check(image, slices.Contains(images, purpose), "must be one of %s", list(images))
			c.reference(image, operator.Images[purpose])
		}
		for _, purpose := range images {
			c.check(at(key, "images", purpose), operator.Images[purpose] != "" || c.Tier != Prod,
				"is required on prod, with a digest (NAME:TAG@sha256:DIGEST)")
		}
	}
	needed := OperatorOf(c.Secrets.Backend)
	_, installed := c.Operators[needed]
	c.check(at(secretsSection, "backend"), needed == "" || installed || c.Cloud == Existing || !c.sound("cloud"),
		"needs the operator %s, and a new cluster has none: add plinth:%s", needed, at(operatorsSection, needed)+": {}")
}

// secretFiles: values as files, each in a folder of its own, since a folder of values is mounted as a whole.
func (c *checker) secretFiles(appPath, _ string, a *App) {
	folders := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(a.SecretFiles)) {
		key := at(appPath, "secretFiles", file)
		c.place(key, file, nil)
		if c.sound(key) {
			folder := path.Dir(file)
			c.check(key, folder != "/", "must be in a folder, got %s", quoted(file))
			taken := slices.Concat(slices.Collect(maps.Keys(a.Files)), a.Writable)
			slices.Sort(taken)
			c.place(key, folder, taken)
			c.check(key, folders[folder] == "", "must be alone in its folder, which holds %s too", quoted(folders[folder]))
			folders[folder] = file
		}
		c.secretReference(key, a.SecretFiles[file])
	}
}

// secretReference: the name of a value that the backend has, as far as this file says.
func (c *checker) secretReference(key, name string) {
	if pair, _ := c.Secrets.SigningKey(name); pair != "" {
		return
	}
	switch c.Secrets.Backend {
	case KubernetesSecrets:
		c.secretValue(key, name)
	case SealedSecrets:
		c.check(key, secretName.MatchString(name), "must be the name of a value in %s", at(secretsSection, "sealed"))
		_, found := c.Secrets.Sealed[name]
		c.check(key, found || !c.sound(secretsSection), "refers to %s, which is not set; make it with: %s",
			at(secretsSection, "sealed", name), c.seal())
	case ExistingSecrets, ExternalBackend, VaultSecrets:
		c.check(key, secretName.MatchString(name),
			"must be a name of at most 63 letters, digits, hyphens and underscores that starts with a letter, got %s",
			quoted(name))
	default:
		c.add(key, "%s", fmt.Sprintf("is nowhere: the backend %s is not known", c.Secrets.Backend))
	}
}

// completeSecrets fills in what follows from the namespace and from names.
func completeSecrets(c *Config) {
	if c.Secrets.Vault.Role == "" {
		c.Secrets.Vault.Role = c.Namespace.Name
	}
	if c.Secrets.Vault.Writer.Address == "" {
		c.Secrets.Vault.Writer.Address = c.Secrets.Vault.Address
	}
	for name, operator := range c.Operators {
		if operator.Namespace == "" {
			operator.Namespace = name
		}
		c.Operators[name] = operator
	}
}
