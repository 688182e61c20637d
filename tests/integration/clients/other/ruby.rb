# Ruby's net-ssh, net-sftp and net-scp; what it prints must be the same with any
# server.  In the environment: PORT, U, PASS, KEY.
require "net/ssh";
require "net/sftp";
require "net/scp";
require "socket"
o={port: ENV["PORT"].to_i, verify_host_key: :never, config: false, use_agent: false}
[{password: ENV["PASS"], auth_methods:["password"]},{password: ENV["PASS"], auth_methods:["keyboard-interactive"]},{keys:[ENV["KEY"]],keys_only:true, auth_methods:["publickey"]}].each{|m|
 begin;
 Net::SSH.start("127.0.0.1",ENV["U"],**o.merge(m)){|s| puts s.exec!("echo login; id -un")};
 rescue Exception=>e;
 puts "#{m[:auth_methods]} #{e.class} #{e.message}";
 end }
k=o.merge(keys:[ENV["KEY"]],keys_only:true, rekey_blocks_limit: 10000)
Net::SSH.start("127.0.0.1",ENV["U"],**k.merge(compression: true, rekey_limit: 1000000)){|s|
 st={};
 s.exec("echo out; echo err >&2; exit 7", status: st).wait;
 p st
 st={};
 s.exec("kill -9 $$", status: st).wait;
 p st
 r="".b;
 data=Random.new(1).bytes(3_000_000)
 s.open_channel{|c| c.exec("cat"){|c,ok| c.on_data{|_,d| r<<d}; c.send_data(data); c.eof!}};
 s.loop
 p r==data
 s.open_channel{|c| c.request_pty(term:"vt100",chars_wide:91,chars_high:33){|c,ok| p ok}; c.exec("stty size; echo $TERM"){|c,ok| c.on_data{|_,d| print d}}};
 s.loop
 s.forward.local(0,"127.0.0.1",ENV["PORT"].to_i).tap{|lp| t=nil; x=TCPSocket.new("127.0.0.1",lp); s.loop(0.1){ t ||= (x.read_nonblock(8) rescue nil); t.nil?}; p t; x.close}
 done=false;
 s.forward.remote(ENV["PORT"].to_i,"127.0.0.1",0,"127.0.0.1"){|rp| done=rp; rp};
 s.loop{!done};
 y=TCPSocket.new("127.0.0.1",done);
 t=nil;
 s.loop(0.1){ t ||= (y.read_nonblock(8) rescue nil); t.nil?};
 p t
}
Net::SFTP.start("127.0.0.1",ENV["U"],**o.merge(keys:[ENV["KEY"]],keys_only:true)){|f|
 File.binwrite("x",Random.new(2).bytes(2_000_000));
 f.upload!("x","up");
 f.download!("up","down");
 p File.binread("x")==File.binread("down")
 f.mkdir!("d");
 f.upload!("x","d/y");
 p f.dir.entries("d").map(&:name).sort;
 f.rename!("d/y","d/z");
 p f.stat!("d/z").size;
 f.symlink!("z","d/l") rescue p $!;
 p (f.readlink!("d/l").name rescue $!.message);
 p (f.stat!("nonono") rescue $!.message)
 p (f.rename!("d/z","d/l") rescue $!.message);
 p f.protocol.version
 f.setstat!("up",permissions: 0600);
 p f.stat!("up").permissions.to_s(8)
 p f.realpath!(".").name
 f.file.open("d/q","w"){|h| 100.times{|i| h.puts "line #{i}"}};
 f.file.open("d/q"){|h| n=0; n+=1 while h.gets; p n}
 Dir.mkdir("dd");
 20.times{|i| File.write("dd/#{i}","x"*i)};
}
Net::SCP.start("127.0.0.1",ENV["U"],**o.merge(keys:[ENV["KEY"]],keys_only:true)){|c| c.upload!("x","scpup"); c.download!("scpup","scpdown"); p File.binread("x")==File.binread("scpdown"); c.upload!("dd","scpdd",recursive: true); c.download!("scpdd",".",recursive: true); p Dir["scpdd/*"].size; begin; c.download!("nono","n"); rescue Exception=>e; puts e.class, e.message.sub(/\d{4}/,""); end}
