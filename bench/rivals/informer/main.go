// The rival of `python -m bench ingest`: a client-go informer that brings every pod of a cluster into memory.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// What each encoding is called on the wire. The generated clients would choose protobuf by themselves.
var mediaTypes = map[string]string{"protobuf": "application/vnd.kubernetes.protobuf", "json": "application/json"}

// Result is what every contender prints as its last line: seconds of CPU and wall clock, peak memory in bytes.
type Result struct {
	Objects int     `json:"objects"`
	CPU     float64 `json:"cpu"`
	Wall    float64 `json:"wall"`
	Peak    int     `json:"peak"`
	Idle    int     `json:"idle"`
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "path of the kubeconfig")
	encoding := flag.String("encoding", "protobuf", "protobuf or json")
	changes := flag.Int64("changes", 0, "how many changes to wait for once all is held")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	config.ContentType = mediaTypes[*encoding]
	config.AcceptContentTypes = mediaTypes[*encoding]
	client, err := kubernetes.NewForConfig(config)
	check(err)

	begun, cpu, idle := time.Now(), processCPU(), peak()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	defer stop()
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods()
	synced := pods.Informer().HasSynced
	var told atomic.Int64
	enough := make(chan struct{})
	_, err = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(_, _ any) {
		if told.Add(1) == *changes {
			close(enough)
		}
	}})
	check(err)
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), synced) {
		log.Fatal("the informer did not sync")
	}
	wall, spent := time.Since(begun).Seconds(), processCPU()-cpu

	found, err := pods.Lister().List(labels.Everything())
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(Result{len(found), spent, wall, peak(), idle}))
	if *changes > 0 {
		begun, cpu = time.Now(), processCPU()
		<-enough
		wall, spent = time.Since(begun).Seconds(), processCPU()-cpu
		check(json.NewEncoder(os.Stdout).Encode(Result{int(told.Load()), spent, wall, peak(), idle}))
	}
}

// processCPU is the user and system time of this process so far, in seconds.
func processCPU() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// peak is the largest resident size of this process, in bytes (VmHWM of proc_pid_status(5)).
func peak() int {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	kilobytes, err := strconv.Atoi(string(regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)[1]))
	check(err)
	return kilobytes * 1024
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
