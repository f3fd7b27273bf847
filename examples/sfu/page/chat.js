"use strict";
// What people write, on the data channels of our own connection: "chat" gives everyone's lines, ours too, in the same order;
// "echo" gives back what we send, which tells how long the way is.

const chat = (() => {
  const $ = id => document.getElementById(id);
  const keep = 500;          // lines on the page
  const askEvery = 2000;     // ms between two looks at the way
  let channel = null, asking = 0;

  function show(bad) {
    $("refused").textContent = bad || "";
    $("refused").hidden = !bad;
  }

  function enable(yes) {
    $("text").disabled = $("send").disabled = !yes;
  }

  // add puts a line at the end. All of it is text: nobody's name or line becomes part of the page.
  function add(line, mine) {
    const list = $("lines"), atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const item = document.createElement("li"), who = document.createElement("b"), when = document.createElement("time"), text = document.createElement("p");
    item.className = mine ? "own" : "";
    who.textContent = String(line.name);
    when.textContent = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    text.textContent = String(line.text);
    item.append(who, when, text);
    list.append(item);
    while (list.childElementCount > keep) list.firstChild.remove();
    if (atEnd || mine) list.scrollTop = list.scrollHeight;
  }

  // ask sends the time, and shows how long it took to come back.
  function ask(echo) {
    echo.onopen = () => {
      const send = () => echo.readyState === "open" && echo.send(String(performance.now()));
      send();
      asking = setInterval(send, askEvery);
    };
    echo.onmessage = e => {
      const took = performance.now() - Number(e.data);
      if (!(took >= 0)) return;
      $("trip").hidden = false;
      $("trip").textContent = `round trip ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`;
    };
  }

  $("say").onsubmit = e => {
    e.preventDefault();
    const text = $("text").value.trim();
    if (!text || !channel || channel.readyState !== "open") return;
    try {
      channel.send(text);
      $("text").value = "";
      show();
    } catch (problem) {
      show(problem.message);
    }
  };

  return {
    // begin opens the channels on a connection that is about to be offered. id returns what the server calls us.
    begin(pc, id) {
      const opened = channel = pc.createDataChannel("chat");
      opened.onopen = () => enable(true);
      opened.onclose = () => channel === opened && enable(false);
      opened.onmessage = e => {
        const line = JSON.parse(e.data);
        if (line.refused) show("Not sent: " + line.refused + ".");
        else add(line, line.from === id());
      };
      ask(pc.createDataChannel("echo", { ordered: false, maxRetransmits: 0 }));
    },
    end() {
      channel = null;
      clearInterval(asking);
      enable(false);
      show();
      $("trip").hidden = true;
      $("lines").replaceChildren();
    },
  };
})();
