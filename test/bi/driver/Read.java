// Reads the views of ledgers through pgjdbc.
//
//   java -cp postgresql.jar Read.java EXPECTED
//
// EXPECTED is what test/bi/expected.sql says of them.  The connection is that of
// PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.  Prints "ok NAME" or
// "not ok NAME # why".
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

public class Read {
	static final Set<Integer> NOT_FLAT = Set.of(Types.OTHER, Types.ARRAY, Types.STRUCT,
		Types.DISTINCT, Types.JAVA_OBJECT, Types.SQLXML, Types.NULL, Types.BINARY);
	static final String[] KINDS = {"TABLE", "PARTITIONED TABLE", "VIEW",
		"MATERIALIZED VIEW", "FOREIGN TABLE"};

	static void ok(List<String> faults, String name) {
		System.out.println(faults.isEmpty() ? "ok " + name
			: "not ok " + name + " # " + String.join("; ", faults));
	}

	static void readView(Statement statement, String view, int wanted,
			List<String> unread, List<String> mistyped) {
		try (ResultSet rows = statement.executeQuery("SELECT * FROM " + view)) {
			ResultSetMetaData columns = rows.getMetaData();
			for (int i = 1; i <= columns.getColumnCount(); i++) {
				if (NOT_FLAT.contains(columns.getColumnType(i)))
					mistyped.add(view + "." + columns.getColumnName(i) + ": "
						+ columns.getColumnTypeName(i));
			}
			int count = 0;
			for (; rows.next(); count++) {
				for (int i = 1; i <= columns.getColumnCount(); i++)
					rows.getObject(i);
			}
			if (count != wanted)
				unread.add(view + ": " + count + " rows of " + wanted);
		} catch (SQLException error) {
			unread.add(view + ": " + error.getMessage());
		}
	}

	// getTables, as a schema browser of JDBC calls it, for one schema.
	static void browse(Connection connection, String schema, Set<String> shown)
			throws SQLException {
		try (ResultSet tables = connection.getMetaData().getTables(null, schema, "%", KINDS)) {
			while (tables.next()) {
				String kind = tables.getString("TABLE_TYPE").equals("VIEW") ? "VIEW" : "TABLE";
				shown.add(schema + "." + tables.getString("TABLE_NAME") + " " + kind);
			}
		}
	}

	public static void main(String[] arguments) throws Exception {
		List<String> unread = new ArrayList<>(), mistyped = new ArrayList<>(),
			inexact = new ArrayList<>();
		Set<String> wanted = new TreeSet<>(), shown = new TreeSet<>(), schemas = new TreeSet<>();
		String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":"
			+ System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
		int views = 0;
		try (Connection connection = DriverManager.getConnection(url,
				System.getenv("PGUSER"), System.getenv("PGPASSWORD"));
				Statement statement = connection.createStatement()) {
			for (String line : Files.readAllLines(Path.of(arguments[0]))) {
				String[] part = line.split("\\|");
				if (part[0].equals("rows")) {
					views++;
					readView(statement, part[1] + "." + part[2],
						Integer.parseInt(part[3]), unread, mistyped);
				} else if (part[0].equals("value")) {
					try (ResultSet row = statement.executeQuery(part[1])) {
						row.next();
						BigDecimal sum = row.getBigDecimal(1);
						if (!sum.toPlainString().equals(part[2]))
							inexact.add(part[1] + ": " + sum);
					}
				} else if (part[0].equals("relation")) {
					wanted.add(part[1] + "." + part[2] + " " + part[3]);
					schemas.add(part[1]);
				}
			}
			for (String schema : schemas)
				browse(connection, schema, shown);
		}
		ok(unread, "pgjdbc: " + views + " views are read, in time");
		ok(mistyped, "pgjdbc: each column has a type of JDBC's own");
		ok(inexact, "pgjdbc: sums are exact");
		List<String> strange = new ArrayList<>();
		for (String one : wanted)
			if (!shown.contains(one))
				strange.add(one + " is not shown");
		for (String one : shown)
			if (!wanted.contains(one))
				strange.add(one + " is shown");
		ok(strange, "pgjdbc: getTables shows " + wanted.size() + " tables and views, no partition");
	}
}
