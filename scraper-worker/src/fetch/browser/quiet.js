// Runs before the scripts of each page: nothing may wait for a person who is not there, and what the
// page is still asking for can be told.
(() => {
  const is = (name, value) => {
    Object.defineProperty(window, name, { value: () => value, writable: true, configurable: true });
  };
  is('alert', undefined);
  is('confirm', false);
  is('prompt', null);
  is('print', undefined);
  is('open', null);
  // A page that asks whether to leave is left.
  window.addEventListener(
    'beforeunload',
    (event) => event.stopImmediatePropagation(),
    { capture: true },
  );

  // Questions of the page's scripts that are not answered yet. Whoever reads the page works in a
  // world of its own and can only be told through the document.
  const asked = new Set();
  const begun = () => {
    const question = { at: performance.now() };
    asked.add(question);
    return () => asked.delete(question);
  };
  const counted = (object, name) => {
    const original = object[name];
    object[name] = function (...given) {
      const done = begun();
      const promise = original.apply(this, given);
      promise.then(done, done);
      return promise;
    };
  };
  counted(window, 'fetch');
  for (const name of ['json', 'text', 'blob', 'arrayBuffer']) counted(Response.prototype, name);
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener('loadend', begun(), { once: true });
    return send.apply(this, body);
  };
  document.addEventListener('listsync-asked', () => {
    const times = Array.from(asked, (question) => Math.round(question.at));
    document.documentElement.setAttribute('data-listsync-asked', times.join(' '));
  });
})();
