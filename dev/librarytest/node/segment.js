// Publishes with Segment's library, with nothing but the address and the key changed: node segment.js ADDRESS KEY
const { Analytics } = require("@segment/analytics-node");

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, path: "/v1/batch" });
analytics.on("error", (e) => {
  console.error(e);
  process.exitCode = 1;
});
analytics.track({ userId: "u_42", event: "Lesson Completed", properties: { lesson_id: "l1" } });
analytics.identify({ userId: "u_42", traits: { email: "ada@example.org", firstName: "Ada" } });
analytics.page({ userId: "u_42", name: "Home" });
analytics.closeAndFlush();
