// Shows recommendations in the pages of a shop, as docs/browser.md explains.
(() => {
  const script = document.currentScript;
  const options = { ...script.dataset, ...window.recommend };
  const api = new URL(options.api || ".", script.src);
  const base = new URL(options.base || ".", document.baseURI);
  const addresses = { url: "href", image_url: "src" };
  let current; // a token: a promise, which all requests share

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

  const record = (product_id, event_type = "view") => {
    // Not without HTTPS.
    const event = { product_id, event_type, event_id: crypto.randomUUID?.() };
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

  const show = async (element) => {
    const template = element.querySelector("template");
    const { items } = await request((customer) => [pathOf(element.dataset, customer)]);
    const cards = items.map((product) => {
      const card = template.content.cloneNode(true);
      const onClick = ({ target, button }) => {
        const clicked = target.closest("[data-event], a");
        const type = clicked && (clicked.dataset.event ?? "view");
        if (type && button < 2) record(product.product_id, type).catch(console.warn);
      };
      for (const one of card.querySelectorAll("[data-field]")) {
        try {
          fill(one, product);
        } catch {} // not a URL
      }
      for (const one of card.children) one.onclick = one.onauxclick = onClick;
      return card;
    });
    element.replaceChildren(template, ...cards);
  };

  window.recommend = { record, show };
  document.querySelectorAll("[data-recommend]").forEach((one) => show(one).catch(console.warn));
})();
