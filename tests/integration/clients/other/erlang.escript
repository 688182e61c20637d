#!/usr/bin/env escript
%% Erlang's ssh.  In the environment: PORT, U, PASS; ud: its user_dir.
main(_) ->
 logger:set_primary_config(level, none), ssh:start(), Port=list_to_integer(os:getenv("PORT")), Target=list_to_integer(os:getenv("TARGET")), U=os:getenv("U"), P=os:getenv("PASS"),
 Base=[{user,U},{silently_accept_hosts,true},{user_interaction,false},{save_accepted_host,false},{user_dir,"ud"}],
 T=fun(N,O)-> case ssh:connect("127.0.0.1",Port,O) of {ok,C} -> io:format("~s ok~n",[N]), ssh:close(C); E -> io:format("~s ~p~n",[N,E]) end end,
 T("pw",[{password,P},{auth_methods,"password"}|Base]), T("kbd",[{password,P},{auth_methods,"keyboard-interactive"}|Base]), T("key",[{auth_methods,"publickey"}|Base]), T("bad",[{password,"x"},{auth_methods,"password"}|Base]),
 {ok,C}=ssh:connect("127.0.0.1",Port,[{password,P},{compression,'zlib@openssh.com'},{rekey_limit,1000000}|lists:keydelete(compression,1,Base)] -- [{compression,'zlib@openssh.com'}]),
 Ex=fun(Cmd,In)-> {ok,Ch}=ssh_connection:session_channel(C,10000), S=ssh_connection:exec(C,Ch,Cmd,10000), case In of none->ok; _->[ok=ssh_connection:send(C,Ch,X,20000)||X<-In], ssh_connection:send_eof(C,Ch) end, io:format("~p ~p~n",[S,loop(C,Ch,[])]) end,
 Ex("echo hi; echo err >&2; exit 3",none), Ex("kill -TERM $$",none), Ex("sha256sum",[crypto:hash(sha512,<<1>>)||_<-lists:seq(1,1000)]), Ex("head -c 5000000 /dev/zero | wc -c",none),
 {ok,Ch2}=ssh_connection:session_channel(C,10000), io:format("~p ~p~n",[ssh_connection:setenv(C,Ch2,"LC_X","v",5000),ssh_connection:ptty_alloc(C,Ch2,[{term,"xterm"},{width,70},{height,20},{pty_opts,[{echo,0}]}],5000)]), io:format("~p~n",[ssh_connection:exec(C,Ch2,"stty size; echo $TERM $LC_X",5000)]), io:format("~p~n",[loop(C,Ch2,[])]),
 {ok,S}=ssh_sftp:start_channel(C), B=crypto:strong_rand_bytes(2000000), io:format("~p~n",[ssh_sftp:write_file(S,"ef",B)]), {ok,B2}=ssh_sftp:read_file(S,"ef"), io:format("~p ~p ~p~n",[B==B2, ssh_sftp:make_dir(S,"ed"), ssh_sftp:rename(S,"ef","ed/g")]), {ok,L}=ssh_sftp:list_dir(S,"ed"), io:format("~p ~p~n",[lists:sort(L),ssh_sftp:read_file(S,"none")]), io:format("~p ~p ~p~n",[ssh_sftp:make_symlink(S,"el","ed/g"),ssh_sftp:read_link(S,"el"),ssh_sftp:del_dir(S,"ed")]),
 io:format("~p~n",[ssh_sftp:stop_channel(S)]), {ok,LP}=ssh:tcpip_tunnel_to_server(C,{127,0,0,1},0,"127.0.0.1",Target,5000), {ok,K}=gen_tcp:connect("127.0.0.1",LP,[binary,{active,false}]), io:format("~p~n",[case gen_tcp:recv(K,8,5000) of {ok,V}->V;E3->E3 end]),
 {ok,RP}=ssh:tcpip_tunnel_from_server(C,"127.0.0.1",0,"127.0.0.1",Target,5000), {ok,K2}=gen_tcp:connect("127.0.0.1",RP,[binary,{active,false}]), io:format("~p~n",[case gen_tcp:recv(K2,8,5000) of {ok,V2}->V2;E4->E4 end]),
 io:format("~p~n",[ssh:close(C)]).
loop(C,Ch,A) -> receive {ssh_cm,C,{data,Ch,T,D}} -> ssh_connection:adjust_window(C,Ch,byte_size(D)), loop(C,Ch,[{T,D}|A]); {ssh_cm,C,{closed,Ch}} -> {iolist_to_binary([D||{0,D}<-lists:reverse(A)]),iolist_to_binary([D||{1,D}<-lists:reverse(A)]),lists:sort([X||X<-A,is_atom(element(1,X)), element(1,X)=/=0])}; {ssh_cm,C,M} -> loop(C,Ch,[erlang:delete_element(2,M)|A]) after 10000 -> {timeout,A} end.
