// golang.org/x/crypto/ssh.  In the environment: PORT, U, PASS, KEY.
package main

import (
	"bytes"
	"fmt"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

func die(what string, err error) {
	if err != nil {
		fmt.Println(what, "error:", err)
	} else {
		fmt.Println(what, "ok")
	}
}
func main() {
	user, pass, key, port := os.Getenv("U"), os.Getenv("PASS"), os.Getenv("KEY"), os.Getenv("PORT")
	kb, _ := os.ReadFile(key)
	signer, err := ssh.ParsePrivateKey(kb)
	die("parse", err)
	addr := "127.0.0.1:" + port
	methods := map[string]ssh.AuthMethod{"1password": ssh.Password(pass), "2key": ssh.PublicKeys(signer),
		"3kbd": ssh.KeyboardInteractive(func(n, i string, q []string, e []bool) ([]string, error) {
			a := []string{}
			for range q {
				a = append(a, pass)
			}
			return a, nil
		}),
		"4bad":   ssh.Password("wrong"),
		"5retry": ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) { return "wrong", nil }), 2)}
	for _, n := range []string{"1password", "2key", "3kbd", "4bad", "5retry"} {
		c, err := ssh.Dial("tcp", addr, &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{methods[n]}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), BannerCallback: func(m string) error { fmt.Println("banner", m); return nil }})
		die("login "+n, err)
		if err == nil {
			c.Close()
		}
	}
	cfg := &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{methods["2key"]}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	cfg.RekeyThreshold = 1 << 20
	c, err := ssh.Dial("tcp", addr, cfg)
	die("dial", err)
	s, _ := c.NewSession()
	o, err := s.CombinedOutput("echo hi; exit 3")
	fmt.Printf("%q %v\n", o, err)
	s, _ = c.NewSession()
	o, err = s.Output("kill -TERM $$")
	fmt.Printf("%q %v\n", o, err)
	s, _ = c.NewSession()
	die("setenv", s.Setenv("LANG", "xx"))
	die("setenv2", s.Setenv("FOO", "xx"))
	o, err = s.Output("echo $LANG $FOO")
	fmt.Printf("%q %v\n", o, err)
	s, _ = c.NewSession()
	s.RequestPty("xterm", 40, 80, ssh.TerminalModes{ssh.ECHO: 0})
	in, _ := s.StdinPipe()
	out, _ := s.StdoutPipe()
	die("shell", s.Shell())
	die("wc", s.WindowChange(50, 132))
	in.Write([]byte("PS1=; stty size; tty | tr -d 0-9; exit 7\n"))
	b, _ := io.ReadAll(out)
	fmt.Println(strings.Contains(string(b), "50 132"), s.Wait())
	s, _ = c.NewSession()
	die("start", s.Start("trap 'echo got; exit 9' INT; echo up; while :; do sleep 0.05; done"))
	time.Sleep(300 * time.Millisecond)
	die("signal", s.Signal(ssh.SIGINT))
	fmt.Println(s.Wait())
	// bulk with rekey
	s, _ = c.NewSession()
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	s.Stdin = bytes.NewReader(data)
	var buf bytes.Buffer
	s.Stdout = &buf
	die("cat", s.Run("cat"))
	fmt.Println(bytes.Equal(buf.Bytes(), data))
	s, _ = c.NewSession()
	die("subsystem", s.RequestSubsystem("nonsense"))
	// forwards
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		for {
			x, e := l.Accept()
			if e != nil {
				return
			}
			go func() { io.Copy(x, x); x.Close() }()
		}
	}()
	var wg sync.WaitGroup
	okn := 0
	var mu sync.Mutex
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			x, e := c.Dial("tcp", l.Addr().String())
			if e != nil {
				fmt.Println(e)
				return
			}
			m := bytes.Repeat([]byte{byte(i)}, 100000)
			go func() { x.Write(m); x.(interface{ CloseWrite() error }).CloseWrite() }()
			r, _ := io.ReadAll(x)
			if bytes.Equal(r, m) {
				mu.Lock()
				okn++
				mu.Unlock()
			}
			x.Close()
		}(i)
	}
	wg.Wait()
	fmt.Println("forwards", okn)
	_, err = c.Dial("tcp", "127.0.0.1:1")
	fmt.Println(err)
	_, err = c.Dial("tcp", "127.0.0.1:99999")
	fmt.Println(err != nil)
	rl, err := c.Listen("tcp", "127.0.0.1:0")
	die("listen", err)
	go func() { x, _ := net.Dial("tcp", rl.Addr().String()); x.Write([]byte("ping")); x.Close() }()
	x, err := rl.Accept()
	die("accept", err)
	r, _ := io.ReadAll(x)
	fmt.Println(string(r))
	die("close", rl.Close())
	os.Remove(os.Getenv("PWD") + "/sock")
	ul, err := c.ListenUnix(os.Getenv("PWD") + "/sock")
	die("ulisten", err)
	if err == nil {
		go func() {
			x, e := c.Dial("unix", os.Getenv("PWD")+"/sock")
			if e != nil {
				fmt.Println(e)
				return
			}
			x.Write([]byte("upng"))
			x.Close()
		}()
		x, err = ul.Accept()
		die("uaccept", err)
		r, _ = io.ReadAll(x)
		fmt.Println(string(r))
		ul.Close()
	}
	// agent
	kr := agent.NewKeyring()
	raw, _ := ssh.ParseRawPrivateKey(kb)
	kr.Add(agent.AddedKey{PrivateKey: raw, Comment: "gokey"})
	agent.ForwardToAgent(c, kr)
	s, _ = c.NewSession()
	die("agentreq", agent.RequestAgentForwarding(s))
	o, err = s.CombinedOutput("ssh-add -l | cut -d' ' -f3; echo ${SSH_AUTH_SOCK:+set}")
	fmt.Printf("%q %v\n", o, err)
	ok, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
	fmt.Println("keepalive", ok, err)
	ok, _, err = c.SendRequest("unknown@x", true, nil)
	fmt.Println("unknown", ok, err)
	_, _, err = c.OpenChannel("weird@x", nil)
	fmt.Println(err != nil)
	s, _ = c.NewSession()
	ok, err = s.SendRequest("weird@x", true, nil)
	fmt.Println(ok, err)
	s.Close()
	c.Close()
	fmt.Println(c.Wait() != nil)
}
