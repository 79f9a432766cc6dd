// Shows the API's document. A key that the status page keeps for this tab is used for trying, too.
"use strict";

const ui = SwaggerUIBundle({
  url: "../api/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  supportedSubmitMethods: ["get", "put", "post", "delete", "patch"],
  validatorUrl: null,
  onComplete: () => {
    let key = null;
    try { key = sessionStorage.getItem("listsync-key"); } catch { /* without storage it is asked for */ }
    if (key) ui.preauthorizeApiKey("key", key);
  },
});
