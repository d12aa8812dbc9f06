package workload

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Probe asks a container whether it is well. Exactly one of Path, Command and TCP says how.
type Probe struct {
	// Path is fetched by HTTP from Port; a status from 200 to 399 is well.
	Path string
	// HTTPS fetches it by HTTPS; the kubelet takes any certificate.
	HTTPS bool
	// TCP opens a connection to Port.
	TCP bool
	// Port is a port's name in the workload's list.
	Port string
	// Command runs in the container; exit code 0 is well.
	Command []string
	// InitialDelay, Period and Timeout are in seconds. Zero: 0, 10 and 1, which are Kubernetes' own.
	InitialDelay, Period, Timeout int
	// Failures in a row until the container counts as not well. Zero: 3.
	Failures int
}

func (p *Probe) args() corev1.ProbePtrInput {
	if p == nil {
		return nil
	}
	args := &corev1.ProbeArgs{
		PeriodSeconds: pulumi.Int(or(p.Period, 10)), TimeoutSeconds: pulumi.Int(or(p.Timeout, 1)),
		FailureThreshold: pulumi.Int(or(p.Failures, 3)),
	}
	if p.InitialDelay > 0 {
		args.InitialDelaySeconds = pulumi.Int(p.InitialDelay)
	}
	switch {
	case p.Path != "":
		get := corev1.HTTPGetActionArgs{Path: pulumi.String(p.Path), Port: pulumi.String(p.Port)}
		if p.HTTPS {
			get.Scheme = pulumi.String("HTTPS")
		}
		args.HttpGet = get
	case p.TCP:
		args.TcpSocket = corev1.TCPSocketActionArgs{Port: pulumi.String(p.Port)}
	default:
		args.Exec = corev1.ExecActionArgs{Command: stringArray(p.Command)}
	}
	return args
}

func or(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}
