// Shows recommendations in the pages of a shop, as docs/browser.md explains. Served without comments and indentation.
(() => {
  const script = document.currentScript;
  const options = { ...script.dataset, ...window.recommend };
  const api = new URL(options.api || ".", script.src);
  const base = new URL(options.base || ".", document.baseURI);
  const addresses = { url: "href", image_url: "src" };
  // A token: a promise, which all requests share.
  let current;

  const read = (response) => {
    if (response.ok) return response.json();
    throw new Error(response.status);
  };

  const newToken = async () => {
    const { token, tokenUrl, customer } = options;
    if (typeof token === "function") return token();
    if (token) return { token, customer_id: customer };
    return read(await fetch(tokenUrl, { cache: "no-store" }));
  };

  // `build` returns a path, and the body of a POST, for a customer.
  const request = async (build, again) => {
    const mine = (current ||= newToken());
    try {
      const { token, customer_id } = await mine;
      const [path, event] = build(customer_id);
      const headers = { authorization: `Bearer ${token}` };
      if (event) headers["content-type"] = "application/json";
      // With `keepalive`, the request of a click outlives the page.
      const post = event && { method: "POST", body: JSON.stringify(event), keepalive: true };
      return await read(await fetch(new URL(path, api), { ...post, headers }));
    } catch (error) {
      if (current === mine) current = null;
      if (error.message !== "401" || again) throw error;
      return request(build, true);
    }
  };

  const record = (product_id, event_type = "view", recommendation_id) => {
    // `randomUUID` is not there without HTTPS.
    const event = { product_id, event_type, recommendation_id, event_id: crypto.randomUUID?.() };
    return request((customer_id) => ["recommendations/process-browsing", { customer_id, ...event }]);
  };

  const pathOf = ({ recommend, product, query, ...others }, customer) => {
    const search = new URLSearchParams(query);
    for (const name of ["limit", "placement"]) if (others[name]) search.set(name, others[name]);
    let path = `products/${recommend}`;
    if (recommend === "for-customer") path = `recommendations/${encodeURIComponent(customer)}`;
    else if (recommend === "similar") path += `/${encodeURIComponent(product)}`;
    else if (product) search.append("product_id", product);
    return `${path}?${search}`;
  };

  // Values become text or web addresses, never markup.
  const fill = (element, product) => {
    const { field } = element.dataset;
    let value = product[field];
    if (value == null) return;
    if (addresses[field]) {
      const { protocol, href } = new URL(value, base);
      if (/^https?:$/.test(protocol)) element.setAttribute(addresses[field], href);
      if (field === "image_url") element.alt ||= product.name;
    } else {
      const money = { style: "currency", currency: product.currency };
      if (field === "price") value = value.toLocaleString(document.documentElement.lang.replace("_", "-") || [], money);
      element.textContent = value;
    }
  };

  // A product was seen when half of its card was in view, for the first time.
  const watcher = (recommendation_id, idOf) =>
    new IntersectionObserver((entries, observer) => {
      const seen = entries.filter((one) => one.isIntersecting).map((one) => one.target);
      seen.forEach((card) => observer.unobserve(card));
      const impressions = [{ recommendation_id, product_ids: seen.map((card) => idOf.get(card)) }];
      if (seen[0]) request(() => ["recommendations/record-impressions", { impressions }]).catch(console.warn);
    }, { threshold: 0.5 });

  const show = async (element) => {
    const template = element.querySelector("template");
    const { items, recommendation_id } = await request((customer) => [pathOf(element.dataset, customer)]);
    const idOf = new Map();
    const observer = watcher(recommendation_id, idOf);
    const cards = items.map((product) => {
      const card = template.content.cloneNode(true);
      const onClick = ({ target, button }) => {
        const clicked = target.closest("[data-event], a");
        const type = clicked && (clicked.dataset.event ?? "view");
        if (type && button < 2) record(product.product_id, type, recommendation_id).catch(console.warn);
      };
      for (const one of card.querySelectorAll("[data-field]")) {
        try {
          fill(one, product);
        } catch {
          // Not a URL.
        }
      }
      for (const one of card.children) one.onclick = one.onauxclick = onClick;
      idOf.set(card.firstElementChild, product.product_id);
      return card;
    });
    element.replaceChildren(template, ...cards);
    idOf.forEach((_, card) => card && observer.observe(card));
  };

  window.recommend = { record, show };
  document.querySelectorAll("[data-recommend]").forEach((one) => show(one).catch(console.warn));
})();
