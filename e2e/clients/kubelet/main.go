// A kubelet's door and nothing else: shells, attaching, forwarded ports and logs, served as a kubelet serves them.
//
// A container is a folder below -root: what is executed runs in it, its log is the file "log". Only the API server's
// certificate opens it. The protocols are those of k8s.io/cri-streaming, which kubelets and container runtimes use.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

const (
	idle     = time.Hour
	creation = 30 * time.Second
	pause    = 20 * time.Millisecond
)

type container struct{ root string }

func main() {
	listen := flag.String("listen", "127.0.0.1:10250", "where to listen")
	root := flag.String("root", ".", "the folder of the containers")
	certificate := flag.String("cert", "", "our certificate")
	key := flag.String("key", "", "its key")
	authority := flag.String("ca", "", "who signs the certificates of those that may come in")
	flag.Parse()

	pem, err := os.ReadFile(*authority)
	if err != nil {
		log.Fatal(err)
	}
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(pem)
	server := &http.Server{
		Addr:      *listen,
		Handler:   doors(container{*root}),
		TLSConfig: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: known, MinVersion: tls.VersionTLS12},
		// As kubelets do: upgrades need HTTP/1.1.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}

func doors(c container) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		if options := streams(w, r); options != nil {
			remotecommand.ServeExec(w, r, c, c.folder(r), "", r.PathValue("container"), r.Form["command"], options, idle, creation, remotecommand.SupportedStreamingProtocols)
		}
	})
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", func(w http.ResponseWriter, r *http.Request) {
		if options := streams(w, r); options != nil {
			remotecommand.ServeAttach(w, r, c, c.folder(r), "", r.PathValue("container"), options, idle, creation, remotecommand.SupportedStreamingProtocols)
		}
	})
	mux.HandleFunc("/portForward/{namespace}/{pod}", func(w http.ResponseWriter, r *http.Request) {
		options, err := portforward.NewV4Options(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		portforward.ServePortForward(w, r, c, r.PathValue("pod"), "", options, idle, creation, portforward.SupportedProtocols)
	})
	mux.HandleFunc("/containerLogs/{namespace}/{pod}/{container}", c.logs)
	return mux
}

func streams(w http.ResponseWriter, r *http.Request) *remotecommand.Options {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return options
}

func (c container) folder(r *http.Request) string {
	folder := filepath.Join(c.root, r.PathValue("namespace"), r.PathValue("pod"))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		log.Print(err)
	}
	return folder
}

// ExecInContainer runs a command in the container's folder; the exit code is the command's.
func (c container) ExecInContainer(ctx context.Context, folder, _, _ string, words []string, in io.Reader, out, err io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Dir = folder
	if tty {
		return exited(terminal(command, in, out, resize))
	}
	command.Stdout, command.Stderr = out, err
	if in != nil {
		// Through a pipe of ours: the command's end must not wait for the caller's last word.
		stdin, failed := command.StdinPipe()
		if failed != nil {
			return failed
		}
		go func() {
			io.Copy(stdin, in)
			stdin.Close()
		}()
	}
	return exited(command.Run())
}

// AttachContainer is with a container whose program says back what it hears.
func (c container) AttachContainer(ctx context.Context, folder, _, _ string, in io.Reader, out, err io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	return c.ExecInContainer(ctx, folder, "", "", []string{"cat"}, in, out, err, tty, resize, 0)
}

// PortForward joins the stream with a port of this machine: the container's network is the host's.
func (c container) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	there, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer there.Close()
	go func() {
		io.Copy(there, stream)
		there.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, there)
	return err
}

func (c container) logs(w http.ResponseWriter, r *http.Request) {
	file, err := os.Open(filepath.Join(c.folder(r), "log"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer file.Close()
	w.Header().Set("Transfer-Encoding", "chunked")
	for {
		if _, err := io.Copy(w, file); err != nil || r.FormValue("follow") != "true" {
			return
		}
		http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(pause):
		}
	}
}

func terminal(command *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	screen, err := pty.Start(command)
	if err != nil {
		return err
	}
	defer screen.Close()
	go func() {
		for size := range resize {
			pty.Setsize(screen, &pty.Winsize{Cols: size.Width, Rows: size.Height})
		}
	}()
	if in != nil {
		go io.Copy(screen, in)
	}
	io.Copy(out, screen) // ends with an error once the command has gone
	return command.Wait()
}

func exited(err error) error {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return utilexec.CodeExitError{Err: err, Code: failed.ExitCode()}
	}
	return err
}
