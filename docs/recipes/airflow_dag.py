"""Airflow DAG that runs the sync. Copy it to the dags folder, and change the source."""

# Create a connection `medusa_store` (type HTTP) with the store's URL, including https://, as host and a
# secret API key as password. Install the command on the workers in a separate environment, /opt/medusa-sync,
# and give them one folder, /var/lib/medusa-sync, that all of them can write.

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="medusa_sync",
    schedule="*/2 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["medusa"],
    params={"options": ""},  # of a single run, such as --undo last: Trigger DAG w/ config
):
    BashOperator(
        task_id="products",
        bash_command="/opt/medusa-sync/bin/medusa-sync products {{ params.options }}",
        env={
            "MEDUSA_BACKEND_URL": "{{ conn.medusa_store.host }}",
            "MEDUSA_API_KEY": "{{ conn.medusa_store.password }}",
            "SYNC_PRODUCTS_SOURCE": "https://shop.example.com/products.json",
            "SYNC_PRODUCTS_SOURCE_NAME": "shop",  # the prefix of the ids in the store: do not change it later
            "SYNC_PRODUCTS_CURRENCY": "eur",
            "SYNC_PRODUCTS_LOCK_DIR": "/var/lib/medusa-sync",  # locks, and what --undo needs
        },
        append_env=True,
        skip_on_exit_code=75,  # another run holds the lock: skip the task
        retries=0,  # the next run is the retry
        execution_timeout=timedelta(minutes=30),
        do_xcom_push=False,
    )
