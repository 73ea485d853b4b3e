import { uuidV7Of } from '../../../src/database/uuid-v7.js';

type Sql = <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;

const FIRST = ['Ada', 'Alan', 'Grace', 'Katherine', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Tim', 'Margaret', 'Linus', 'Frances', 'Dennis', 'Hedy', 'Ken', 'Annie', 'Brian', 'Joan', 'Niklaus', 'Karen']; // prettier-ignore
const LAST = ['Lovelace', 'Turing', 'Hopper', 'Johnson', 'Dijkstra', 'Liskov', 'Knuth', 'Perlman', 'Berners-Lee', 'Hamilton', 'Torvalds', 'Allen', 'Ritchie', 'Lamarr', 'Thompson', 'Easley', 'Kernighan', 'Clarke', 'Wirth', 'Spärck Jones']; // prettier-ignore

/** 300 people who joined over 90 days, and 4,000 sign-ins of theirs, of which a tenth failed. */
export async function seed(sql: Sql): Promise<void> {
  await sql(
    `INSERT INTO users (id, email, username, password_hash, display_name, created_at, last_login_at, is_active, deleted_at)
     SELECT gen_random_uuid(), lower(first) || '.' || n || '@example.org', lower(first) || n, '', first || ' ' || last,
       joined, CASE WHEN n % 7 > 0 THEN least(now(), joined + random() * (now() - joined)) END, n % 23 > 0, CASE WHEN n % 46 = 0 THEN now() - interval '1 day' END
     FROM generate_series(1, 300) n,
       LATERAL (SELECT ($1::text[])[1 + n % 20] AS first, ($2::text[])[1 + (n / 20 + n) % 20] AS last,
         now() - interval '90 days' * power(random(), 1.3) - interval '1 hour' AS joined) made`,
    [FIRST, LAST],
  );
  await sql(
    `INSERT INTO audit_events (id, at, action, outcome, user_id, actor_id, ip, user_agent, details)
     SELECT ${uuidV7Of('at')}, at, 'login', CASE WHEN failed THEN 'failure' ELSE 'success' END, u.id, CASE WHEN failed THEN NULL ELSE u.id END,
       '203.0.113.' || (1 + n % 250),
       (ARRAY['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36'])[1 + n % 3],
       CASE WHEN failed THEN '{"reason":"wrong_password"}'::jsonb ELSE '{"amr":"pwd"}' END
     FROM generate_series(1, 4000) n
     JOIN (SELECT id, row_number() OVER () AS number FROM users WHERE username <> 'root') u ON u.number = 1 + n % 299,
       LATERAL (SELECT now() - interval '90 days' * (n / 4000.0) - interval '1 hour' * random() AS at, n % 9 = 0 AS failed) made`,
  );
}
